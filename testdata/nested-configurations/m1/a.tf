data "aws_partition" "p" {}
resource "aws_kms_alias" "k" {
  count         = length(aws_kms_key.k)
  name          = "alias/${var.name}-${count.index}"
  target_key_id = aws_kms_key.k[count.index].id
}
resource "aws_db_instance" "d" {
  count               = 2
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = var.settings.keep + 10
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = null
  kms_key_id          = try(aws_kms_key.k[0].arn, var.key)
  skip_final_snapshot = true
  tags                = { Backup = local.names[0] }
}
resource "aws_backup_plan" "p" {

  name = format("%s-%s", var.name, lower(local.cond))
  dynamic "rule" {
    for_each = local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = aws_backup_vault.v[length(aws_backup_vault.v) - 1].name
      schedule          = null
      start_window      = 60 + 10 * rule.value.index

      dynamic "lifecycle" {
        for_each = var.settings.cold == null ? [] : [var.settings.cold]
        content {
          cold_storage_after = lifecycle.value
          delete_after       = lifecycle.value + 90
        }
      }
      dynamic "copy_action" {
        for_each = toset(var.settings.copies[*].arn)

        content {
          destination_vault_arn = copy_action.value
          lifecycle {
            delete_after       = var.settings.keep
            cold_storage_after = var.settings.cold
          }
        }
      }
    }
  }
  tags = null
}
