resource "aws_ssm_parameter" "sub" {
  name  = "/${var.name}/subs"
  type  = "String"
  value = join(",", flatten([module.sub.arn]))
}
resource "aws_backup_plan" "p" {
  count = 1
  name  = format("%s-%s", var.name, lower(local.cond))
  dynamic "rule" {
    for_each = length(local.some) > 0 ? local.some : local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = values(aws_backup_vault.v)[0].name
      schedule          = null
      start_window      = "60"


      dynamic "copy_action" {
        for_each = var.settings.copies[*].arn

        content {
          destination_vault_arn = copy_action.value
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
data "aws_region" "here" {
  provider = aws.second
}
resource "aws_backup_vault" "v" {
  provider = aws.second
  for_each = local.vaults
  name     = format("%s_%s", var.name, each.value.suffix)
  tags     = merge(local.tags, { Days = each.value.days })
}
