resource "aws_backup_plan" "p" {
  
  name = format("%s-%s", var.name, lower(local.choose))
  dynamic "rule" {
    for_each = local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = aws_backup_vault.v["weekly-p"].name
      schedule          = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window      = 60 + 10 * rule.value.index
      copy_action {
        destination_vault_arn = aws_backup_vault.v["weekly-p"].arn
        lifecycle {
          delete_after = var.settings.keep
        }
      }
    }
  }
}
resource "aws_backup_vault_policy" "v" {
  backup_vault_name = aws_backup_vault.v["weekly-p"].name
  policy = jsonencode({ Version = "2012-10-17", Statement = [for a in ["111111111111"] : { Effect = "Allow", Principal = { AWS = "arn:aws:iam::${a}:root" }, Action = ["backup:CopyIntoBackupVault"], Resource = "*" }] })
}
resource "aws_kms_key" "k" {
  for_each = toset(local.names)
  description = each.value
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "a", Effect = "Allow", Action = "kms:*", Resource = "*", Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" } }] })
  tags = local.extra
}
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_partition" "p" {}
resource "aws_backup_vault" "v" {
  for_each = { for f in local.flat : f.id => f }
  name     = "${var.name}-${each.value.id}"
  kms_key_arn = each.value.n == local.names[0] ? aws_kms_key.k[local.names[0]].arn : null
}
