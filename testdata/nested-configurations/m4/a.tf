resource "aws_backup_vault_policy" "v" {
  provider          = aws.second
  for_each          = toset(var.settings.flags.a ? ["only"] : [])
  backup_vault_name = aws_backup_vault.v.name
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = null, Effect = "Allow", Principal = { AWS = "*" }, Action = "backup:CopyIntoBackupVault", Resource = "*", Condition = local.cond == "on" ? null : { ArnLike = { "aws:SourceArn" = "arn:aws:*" } } }] })
}
module "sub" {
  source           = "./sub"
  for_each         = local.some
  label            = "${var.name}-${each.key}"
  key              = var.key
  depends_on_value = local.days
}
resource "aws_backup_plan" "p" {
  for_each = { only = local.cond }
  name     = "${var.name}-${local.days == null ? 0 : local.days}"
  dynamic "rule" {
    for_each = local.by
    content {
      rule_name           = rule.value.key
      target_vault_name   = aws_backup_vault.v.id
      schedule            = var.schedule
      start_window        = 60 + 10 * rule.value.index
      recovery_point_tags = local.tags
      lifecycle {
        delete_after = local.days
      }
      dynamic "copy_action" {
        for_each = rule.value.even ? var.upstream : []

        content {
          destination_vault_arn = copy_action.value

        }
      }
    }
  }
  tags = var.settings.tags
}
resource "aws_iam_role" "r" {
  name               = substr("${var.name}-backup-role-long", 0, 20)
  path               = var.settings.flags.a ? "/x/" : null
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["backup.amazonaws.com", "ec2.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
}
resource "aws_efs_file_system" "f" {
  for_each  = toset(["one"])
  encrypted = each.key != "a-x"

  creation_token = "${var.name}-${each.key}"
}
resource "aws_backup_vault" "local" {
  name = "${var.name}-local"
}
