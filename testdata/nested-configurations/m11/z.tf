resource "aws_backup_plan" "p" {
  count = 1
  name  = var.name
  dynamic "rule" {
    for_each = length(local.some) > 0 ? local.some : local.by
    content {
      rule_name           = rule.value.key
      target_vault_name   = values(aws_backup_vault.v)[0].name
      schedule            = null
      start_window        = null
      recovery_point_tags = local.tags
      dynamic "lifecycle" {
        for_each = var.settings.cold == null ? [] : [var.settings.cold]
        content {
          cold_storage_after = lifecycle.value
          delete_after       = lifecycle.value + 90
        }
      }
      dynamic "copy_action" {
        for_each = compact(concat([for u in var.upstream : u], var.settings.copies[*].arn))

        content {
          destination_vault_arn = copy_action.value

        }
      }
    }
  }
  tags = null
}
resource "aws_backup_selection" "s" {
  count         = length(flatten([aws_backup_plan.p]))
  name          = "${var.name}-sel"
  iam_role_arn  = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:role/backup"
  plan_id       = flatten([aws_backup_plan.p])[count.index].id
  resources     = [for t in aws_dynamodb_table.t : t.arn]
  not_resources = [for a in aws_db_instance.d : a.arn]
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
resource "aws_kms_alias" "k" {
  count         = length(aws_kms_key.k)
  name          = "alias/${var.name}-${count.index}"
  target_key_id = aws_kms_key.k[count.index].id
}
data "aws_caller_identity" "me" {}
data "aws_region" "here" {
  provider = aws.second
}
resource "aws_backup_vault" "v" {
  provider    = aws.second
  for_each    = local.vaults
  name        = replace(lower("${var.name}:${each.key}"), ":", "-")
  kms_key_arn = null
  tags        = local.tags
}
resource "aws_kms_key" "k" {
  provider    = aws.second
  count       = tobool(var.create_key) && var.enabled != false ? 1 : 0
  description = var.name
  policy      = templatefile("${path.module}/key.tftpl", { account = data.aws_caller_identity.me.account_id, shared = local.names })
  tags        = { for k, v in local.tags : "t-${lower(k)}-${length(k)}" => v }
}
