resource "aws_backup_plan" "p" {
  for_each = { only = local.cond }
  name     = format("%s-%s", var.name, lower(local.cond))
  dynamic "rule" {
    for_each = length(local.some) > 0 ? local.some : local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = values(aws_backup_vault.v)[0].name
      schedule          = null
      start_window      = "60"

      dynamic "lifecycle" {
        for_each = var.settings.cold == null ? [] : [var.settings.cold]
        content {
          cold_storage_after = lifecycle.value
          delete_after       = lifecycle.value + 90
        }
      }
      dynamic "copy_action" {
        for_each = var.settings.copies[*].arn
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
  tags = local.tags
}
data "aws_region" "here" {
}
resource "aws_kms_key" "k" {
  count       = tobool(var.create_key) && var.enabled != false ? 1 : 0
  description = local.cond
  policy      = data.aws_iam_policy_document.k.json
  tags        = { for k, v in local.tags : "t-${lower(k)}-${length(k)}" => v }
}
data "aws_partition" "p" {}
data "aws_iam_policy_document" "k" {
  policy_id = var.name
  statement {
    sid       = null
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = distinct(["arn:aws:iam::222222222222:root", "arn:aws:iam::${data.aws_caller_identity.me.id}:root"])
    }
  }
  dynamic "statement" {
    for_each = local.names
    iterator = it
    content {
      sid       = replace(title(tostring(it.key)), "/[^A-Za-z0-9]/", "")
      effect    = "Allow"
      actions   = ["kms:Decrypt", "kms:CreateGrant"]
      resources = ["*"]
      dynamic "principals" {
        for_each = ["Service"]
        content {
          type        = principals.value
          identifiers = principals.value == "Service" ? ["backup.amazonaws.com"] : ["*"]
        }
      }
      condition {
        test     = "StringEquals"
        variable = "kms:CallerAccount"
        values   = ["111111111111"]
      }
    }
  }
}
resource "aws_ebs_volume" "e" {

  availability_zone = "${data.aws_region.here.name}a"
  size              = 8
  encrypted         = local.cond == "on"
  kms_key_id        = one(aws_kms_key.k[*].arn)
  lifecycle {
    ignore_changes = [tags]
  }
}
data "aws_caller_identity" "me" {}
data "aws_caller_identity" "sec" {
  provider = aws.second
}
resource "aws_backup_vault" "v" {
  provider    = aws.second
  for_each    = local.vaults
  name        = replace(lower("${var.name}:${each.key}"), ":", "-")
  kms_key_arn = one(aws_kms_key.k[*].arn)
  tags        = local.tags
}
