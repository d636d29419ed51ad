resource "aws_backup_vault" "v" {
  name        = "${var.name}-vault"
  kms_key_arn = one(aws_kms_key.k[*].arn)
}
resource "aws_backup_plan" "p" {
  
  name = format("%s-%s", var.name, lower(local.choose))
  rule {
    rule_name         = "${var.name}-rule"
    target_vault_name = aws_backup_vault.v.name
    schedule          = var.schedule
    recovery_point_tags = local.extra
      dynamic "copy_action" {
        for_each = var.enabled ? [aws_backup_vault.v.arn] : []
        iterator = c
        content {
          destination_vault_arn = c.value
          dynamic "lifecycle" {
            for_each = var.settings.cold == null ? [1] : [1]
            content {
              delete_after       = max(var.settings.keep, 30)
              cold_storage_after = var.settings.cold
            }
          }
        }
      }
  }
}
resource "aws_kms_key" "k" {
  count = var.enabled ? 1 : 0
  description = "${var.name}-${count.index}"
  tags = local.extra
}
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_partition" "p" {}
