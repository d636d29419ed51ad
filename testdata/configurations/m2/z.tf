resource "aws_backup_plan" "p" {
  
  name = format("%s-%s", var.name, lower(local.choose))
  dynamic "rule" {
    for_each = local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = values(aws_backup_vault.v)[0].name
      schedule          = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window      = 60 + 10 * rule.value.index
      dynamic "copy_action" {
        for_each = toset(var.settings.copy)
        content {
          destination_vault_arn = copy_action.value
        }
      }
    }
  }
}
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_partition" "p" {}
resource "aws_kms_key" "k" {
  count = var.enabled ? 1 : 0
  description = "${var.name}-${count.index}"
  tags = local.extra
}
resource "aws_backup_vault" "v" {
  for_each = length(var.settings.vaults) > 0 ? var.settings.vaults : { main = { suffix = "m", locked = false } }
  name     = join("-", [var.name, each.key, each.value.suffix])
  tags     = { Locked = each.value.locked, Key = each.key }
}
