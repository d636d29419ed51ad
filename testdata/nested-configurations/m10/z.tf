resource "aws_db_instance" "d" {
  count               = 1
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = var.settings.keep + 10
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = var.key != null
  kms_key_id          = length(aws_kms_key.k) > 0 ? aws_kms_key.k[0].arn : null
  skip_final_snapshot = true
  tags                = { for f in local.flat : f.id => f.v }
}
resource "aws_backup_vault" "v" {
  provider    = aws.second
  name        = var.name
  kms_key_arn = length(aws_kms_key.k) > 0 ? aws_kms_key.k[0].arn : null
  tags        = local.tags
}
data "aws_region" "here" {
  provider = aws.second
}
resource "aws_backup_plan" "p" {
  for_each = { only = local.cond }
  name     = var.name
  dynamic "rule" {
    for_each = length(local.some) > 0 ? local.some : local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = aws_backup_vault.v.id
      schedule          = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window      = 60 + 10 * rule.value.index
      completion_window = rule.value.index > 0 ? 180 : null

      dynamic "copy_action" {
        for_each = [aws_backup_vault.v.arn]

        content {
          destination_vault_arn = copy_action.value
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
