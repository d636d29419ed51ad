resource "aws_backup_selection" "s" {
  count         = length(flatten([aws_backup_plan.p]))
  name          = "${var.name}-sel"
  iam_role_arn  = format("arn:%s:iam::%s:role/%s", data.aws_partition.p.partition, data.aws_caller_identity.me.account_id, aws_iam_role.r.name)
  plan_id       = flatten([aws_backup_plan.p])[count.index].id
  resources     = ["arn:aws:ec2:*:*:volume/*", "arn:aws:dynamodb:*:*:table/${var.name}*"]
  not_resources = []
  dynamic "selection_tag" {
    for_each = var.settings.tags
    content {
      type  = "STRINGEQUALS"
      key   = selection_tag.key
      value = selection_tag.value
    }
  }
  condition {
    string_like {
      key   = "aws:ResourceTag/App"
      value = "${var.name}*"
    }
    dynamic "string_not_equals" {
      for_each = local.some
      content {
        key   = "aws:ResourceTag/${string_not_equals.key}"
        value = string_not_equals.value.key
      }
    }
  }
}
data "aws_partition" "p" {}
resource "aws_backup_vault_lock_configuration" "v" {
  provider            = aws.second
  for_each            = toset(var.settings.flags.a ? ["only"] : [])
  backup_vault_name   = aws_backup_vault.v.name
  min_retention_days  = local.days == null ? 1 : min(local.days, 7)
  max_retention_days  = max(var.settings.keep, 365)
  changeable_for_days = var.enabled == true ? 3 : null
}
resource "aws_backup_vault" "v" {
  provider    = aws.second
  name        = var.name
  kms_key_arn = length(aws_kms_key.k) > 0 ? aws_kms_key.k[0].arn : null
  tags        = local.tags
}
resource "aws_backup_plan" "p" {

  name = trimsuffix("${var.name}-plan-", "-")
  dynamic "rule" {
    for_each = length(local.some) > 0 ? local.some : local.by
    content {
      rule_name                = rule.value.key
      target_vault_name        = aws_backup_vault.v.id
      schedule                 = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window             = "60"
      enable_continuous_backup = rule.value.even

      dynamic "copy_action" {
        for_each = var.settings.copies[*].arn

        content {
          destination_vault_arn = copy_action.value
          lifecycle {
            delete_after       = var.settings.keep
            cold_storage_after = var.settings.cold
          }
        }
      }
    }
  }
  tags = null
}
resource "aws_backup_vault" "local" {
  name        = "${var.name}-local"
  kms_key_arn = length(aws_kms_key.k) > 0 ? aws_kms_key.k[0].arn : null
}
