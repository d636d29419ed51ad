resource "aws_dynamodb_table" "t" {
  for_each     = var.settings.tables
  name         = "${var.name}-${each.key}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  attribute {
    name = "pk"
    type = "S"
  }
  dynamic "server_side_encryption" {
    for_each = each.value.sse == null ? [] : [each.value]
    content {
      enabled     = server_side_encryption.value.sse
      kms_key_arn = try(coalesce(server_side_encryption.value.key, var.key), null)
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = merge(local.tags, { T = each.key })
}
resource "aws_efs_file_system" "f" {
  for_each       = toset(flatten(values(var.pairs)))
  encrypted      = null
  kms_key_id     = null
  creation_token = "${var.name}-${each.key}"
}
resource "aws_db_instance" "d" {
  count               = length(local.some) > 0 ? 1 : 0
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = 20
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = true
  kms_key_id          = null
  skip_final_snapshot = true
  tags                = { Backup = local.names[0] }
}
