resource "aws_backup_vault" "v" {
  for_each = length(var.settings.vaults) > 0 ? var.settings.vaults : { main = { suffix = "m", locked = false } }
  provider = aws.second
  name     = join("-", [var.name, each.key, each.value.suffix])
  tags     = { Locked = each.value.locked, Key = each.key }
}
resource "aws_backup_plan" "p" {
  count = var.enabled ? 1 : 0
  name = format("%s-%s", var.name, lower(local.choose))
  rule {
    rule_name         = "${var.name}-rule"
    target_vault_name = values(aws_backup_vault.v)[0].name
    schedule          = var.schedule
    recovery_point_tags = local.extra
      copy_action {
        destination_vault_arn = values(aws_backup_vault.v)[0].arn
        lifecycle {
          delete_after = var.settings.keep
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
