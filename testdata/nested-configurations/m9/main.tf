resource "aws_backup_plan" "p" {
  count = var.enabled == false ? 0 : 1
  name  = var.name
  dynamic "rule" {
    for_each = local.by
    content {
      rule_name           = rule.value.key
      target_vault_name   = aws_backup_vault.local.name
      schedule            = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window        = 60 + 10 * rule.value.index
      recovery_point_tags = local.tags

      dynamic "copy_action" {
        for_each = rule.value.even ? var.upstream : []
        iterator = c
        content {
          destination_vault_arn = c.value
          dynamic "lifecycle" {
            for_each = [for k in [var.settings.keep] : k if k > 30]
            content {
              delete_after = lifecycle.value
            }
          }
        }
      }
    }
  }
  tags = null
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
      kms_key_arn = server_side_encryption.value.key
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = local.tags
}
resource "aws_kms_key" "k" {
  provider    = aws.second
  count       = var.key == null ? 1 : 0
  description = "${var.name} ${local.cond}"
  tags        = null
}
