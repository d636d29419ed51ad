resource "aws_iam_role" "r" {
  name               = substr("${var.name}-backup-role-long", 0, 20)
  path               = var.settings.flags.a ? "/x/" : null
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "backup.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_backup_vault_lock_configuration" "v" {
  provider            = aws.second
  for_each            = aws_backup_vault.v
  backup_vault_name   = each.value.name
  min_retention_days  = 7
  max_retention_days  = max(var.settings.keep, 365)
  changeable_for_days = var.enabled == true ? 3 : null
}
resource "aws_backup_vault" "local" {
  name        = "${var.name}-local"
  kms_key_arn = coalesce(var.key, try(aws_kms_key.k[0].arn, ""), "arn:aws:kms:eu-west-1:111111111111:key/none")
}
resource "aws_backup_vault" "v" {
  provider    = aws.second
  for_each    = local.vaults
  name        = join("-", [var.name, each.key, each.value.suffix])
  kms_key_arn = coalesce(var.key, try(aws_kms_key.k[0].arn, ""), "arn:aws:kms:eu-west-1:111111111111:key/none")
  tags        = { Locked = each.value.locked, Key = each.key }
}
data "aws_partition" "p" {}
resource "aws_backup_vault_policy" "v" {
  provider          = aws.second
  for_each          = aws_backup_vault.v
  backup_vault_name = each.value.name
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "Copy", Effect = "Allow", Principal = { AWS = [for a in ["111111111111", "333333333333"] : "arn:aws:iam::${a}:root"] }, Action = "backup:CopyIntoBackupVault", Resource = "*" }] })
}
resource "aws_db_instance" "d" {
  count               = 2
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = 20
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = var.settings.flags.a
  kms_key_id          = coalesce(var.key, try(aws_kms_key.k[0].arn, ""), "arn:aws:kms:eu-west-1:111111111111:key/none")
  skip_final_snapshot = true
  tags                = local.tags
}
