resource "aws_backup_vault" "v" {
  provider    = aws.second
  for_each    = local.vaults
  name        = "${var.name}-${each.key}"
  kms_key_arn = null
  tags        = merge(local.tags, { Days = each.value.days })
}
resource "aws_backup_plan" "p" {
  count = var.enabled == false ? 0 : 1
  name  = "${var.name}-${local.days == null ? 0 : local.days}"
  dynamic "rule" {
    for_each = length(local.some) > 0 ? local.some : local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = values(aws_backup_vault.v)[0].name
      schedule          = var.schedule
      start_window      = "60"
      completion_window = rule.value.index > 0 ? 180 : null

      dynamic "copy_action" {
        for_each = { for i, c in var.settings.copies : tostring(i) => c.arn if length(c.only) == 0 || contains(c.only, try(rule.key, "")) }
        iterator = c
        content {
          destination_vault_arn = c.value
          lifecycle {
            delete_after       = var.settings.keep
            cold_storage_after = var.settings.cold
          }
        }
      }
    }
  }
  tags = var.settings.tags
}
data "aws_partition" "p" {}
resource "aws_kms_alias" "k" {
  count         = length(aws_kms_key.k)
  name          = "alias/${var.name}-${count.index}"
  target_key_id = aws_kms_key.k[count.index].key_id
}
resource "aws_db_instance" "d" {
  count               = 1
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = 20
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = var.settings.flags.a
  kms_key_id          = null
  skip_final_snapshot = true
  tags                = local.tags
}
resource "aws_backup_vault_policy" "v" {
  provider          = aws.second
  for_each          = aws_backup_vault.v
  backup_vault_name = each.value.name
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.name, Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = ["backup:CopyIntoBackupVault"], Resource = "*" }] })
}
resource "aws_efs_file_system" "f" {
  for_each  = local.flatby
  encrypted = true

  creation_token = "${var.name}-${each.key}"
}
