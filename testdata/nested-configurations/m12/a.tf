data "aws_caller_identity" "me" {}
data "aws_caller_identity" "sec" {
  provider = aws.second
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
      kms_key_arn = server_side_encryption.value.sse ? join("", aws_kms_key.k[*].arn) : null
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = merge(local.tags, { T = each.key })
}
resource "aws_db_instance" "d" {
  count               = 2
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = "20"
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = null
  kms_key_id          = join("", aws_kms_key.k[*].arn)
  skip_final_snapshot = true
  tags                = local.tags
}
