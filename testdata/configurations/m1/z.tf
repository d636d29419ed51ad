resource "aws_backup_vault_policy" "v" {
  provider = aws.second
  backup_vault_name = values(aws_backup_vault.v)[0].name
  policy = jsonencode({ Version = "2012-10-17", Statement = [for a in ["111111111111","333333333333"] : { Effect = "Allow", Principal = { AWS = "arn:aws:iam::${a}:root" }, Action = ["backup:CopyIntoBackupVault"], Resource = "*" }] })
}
resource "aws_backup_vault" "v" {
  for_each = length(var.settings.vaults) > 0 ? var.settings.vaults : { main = { suffix = "m", locked = false } }
  provider = aws.second
  name     = join("-", [var.name, each.key, each.value.suffix])
  tags     = { Locked = each.value.locked, Key = each.key }
}
data "aws_iam_policy_document" "k" {
  statement {
    sid     = "own"
    actions = concat(["kms:Describe*"], ["kms:List*", "kms:Describe*"])
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.p.partition}:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
  }
  dynamic "statement" {
    for_each = var.enabled ? local.names : []
    content {
      sid       = replace(statement.value, "/[^a-z]/", "")
      effect    = "Deny"
      actions   = ["kms:Decrypt"]
      resources = ["*"]
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      condition {
        test     = "Bool"
        variable = "aws:SecureTransport"
        values   = [false]
      }
    }
  }
}
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_partition" "p" {}
resource "aws_kms_key" "k" {
  
  description = var.name
  policy = data.aws_iam_policy_document.k.json
  tags = local.extra
}
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
        for_each = var.upstream
        content {
          destination_vault_arn = copy_action.value
          lifecycle {
            delete_after = copy_action.key + var.settings.keep
          }
        }
      }
    }
  }
}
