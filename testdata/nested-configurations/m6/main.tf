resource "aws_backup_vault" "v" {
  provider = aws.second
  for_each = toset([for n, b in local.by : n if b.even])
  name     = "${var.name}-${each.value}"
}
resource "aws_db_instance" "d" {
  count               = var.enabled == false ? 0 : 1
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = "20"
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = null
  kms_key_id          = try(aws_kms_key.k[0].arn, var.key)
  skip_final_snapshot = true
  tags                = { Backup = local.names[0] }
}
resource "aws_dynamodb_table" "t" {
  for_each     = { for k, t in var.settings.tables : "${k}-x" => t }
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
      kms_key_arn = server_side_encryption.value.sse ? try(aws_kms_key.k[0].arn, var.key) : null
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = local.tags
}
data "aws_region" "here" {
}
