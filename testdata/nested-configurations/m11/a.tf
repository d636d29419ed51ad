resource "aws_backup_vault" "local" {
  name = "${var.name}-local"
}
resource "aws_backup_vault_lock_configuration" "v" {
  provider            = aws.second
  for_each            = aws_backup_vault.v
  backup_vault_name   = each.value.name
  min_retention_days  = var.settings.flags.a ? 1 : null
  max_retention_days  = max(var.settings.keep, 365)
  changeable_for_days = var.enabled == true ? 3 : null
}
resource "aws_iam_role" "r" {
  name               = substr("${var.name}-backup-role-long", 0, 20)
  path               = var.settings.flags.a ? "/x/" : null
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["backup.amazonaws.com", "ec2.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
}
