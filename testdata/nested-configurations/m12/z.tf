resource "aws_backup_vault_lock_configuration" "v" {
  provider            = aws.second
  for_each            = aws_backup_vault.v
  backup_vault_name   = each.value.name
  min_retention_days  = local.days == null ? 1 : min(local.days, 7)
  max_retention_days  = var.settings.keep * 10
  changeable_for_days = null
}
resource "aws_backup_vault_policy" "v" {
  provider          = aws.second
  for_each          = aws_backup_vault.v
  backup_vault_name = each.value.name
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.name, Effect = "Allow", Principal = { AWS = "*" }, Action = "backup:CopyIntoBackupVault", Resource = "*", Condition = local.cond == "on" ? null : { ArnLike = { "aws:SourceArn" = "arn:aws:*" } } }] })
}
module "sub" {
  source           = "./sub"
  for_each         = toset(keys(var.pairs))
  label            = "${var.name}-${each.key}"
  key              = var.key
  depends_on_value = local.names
}
resource "aws_efs_file_system" "f" {
  for_each  = local.flatby
  encrypted = true

  creation_token = "${var.name}-${each.key}"
}
resource "aws_backup_plan" "p" {
  count = 1
  name  = "${var.name}-${local.days == null ? 0 : local.days}"
  dynamic "rule" {
    for_each = { for n in local.names : n => local.by[n] }
    content {
      rule_name         = rule.value.key
      target_vault_name = values(aws_backup_vault.v)[0].name
      schedule          = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window      = null

      lifecycle {
        delete_after = local.days
      }
      dynamic "copy_action" {
        for_each = var.settings.copies[*].arn

        content {
          destination_vault_arn = copy_action.value

        }
      }
    }
  }
  tags = null
}
