resource "aws_dynamodb_table" "t" {
  for_each     = { for k, t in var.settings.tables : k => t if t.pitr }
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
      kms_key_arn = server_side_encryption.value.key
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = merge(local.tags, { T = each.key })
}
