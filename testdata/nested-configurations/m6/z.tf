resource "aws_backup_plan" "p" {
  count = var.enabled == false ? 0 : 1
  name  = var.name
  dynamic "rule" {
    for_each = [for n, b in local.by : b]
    content {
      rule_name           = rule.value.key
      target_vault_name   = aws_backup_vault.local.name
      schedule            = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window        = null
      recovery_point_tags = local.tags
      lifecycle {
        delete_after = local.days
      }
      dynamic "copy_action" {
        for_each = compact(concat([for u in var.upstream : u], var.settings.copies[*].arn))

        content {
          destination_vault_arn = copy_action.value

        }
      }
    }
  }
  tags = var.settings.tags
}
resource "aws_kms_key" "k" {
  count       = tobool(var.create_key) && var.enabled != false ? 1 : 0
  description = var.name
  policy      = jsonencode({ Version = "2012-10-17", Statement = concat([{ Sid = "own", Effect = "Allow", Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }, Action = "kms:*", Resource = "*" }], [for a in ["222222222222", "333333333333"] : { Sid = "s${a}", Effect = "Allow", Principal = { AWS = ["arn:aws:iam::${a}:root"] }, Action = ["kms:CreateGrant", "kms:DescribeKey"], Resource = "*", Condition = { Bool = { "kms:GrantIsForAWSResource" = a == "222222222222" } } } if a != data.aws_caller_identity.me.account_id]) })
  tags        = { for k, v in local.tags : "t-${lower(k)}-${length(k)}" => v }
}
resource "aws_iam_role" "r" {
  name = "${var.name}-role"

  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["backup.amazonaws.com", "ec2.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
}
data "aws_partition" "p" {}
resource "aws_backup_vault_policy" "v" {
  provider          = aws.second
  for_each          = { for k, v in aws_backup_vault.v : k => v.name }
  backup_vault_name = each.value
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.name, Effect = "Allow", Principal = { AWS = [for a in ["111111111111", "333333333333"] : "arn:aws:iam::${a}:root"] }, Action = ["backup:CopyIntoBackupVault"], Resource = "*", Condition = local.cond == "on" ? null : { ArnLike = { "aws:SourceArn" = "arn:aws:*" } } }] })
}
