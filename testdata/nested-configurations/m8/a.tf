resource "aws_iam_role" "r" {
  name               = substr("${var.name}-backup-role-long", 0, 20)
  path               = var.settings.flags.a ? "/x/" : null
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["backup.amazonaws.com", "ec2.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
}
resource "aws_db_instance" "d" {
  count               = length(local.some) > 0 ? 1 : 0
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = "20"
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = var.settings.flags.a
  kms_key_id          = null
  skip_final_snapshot = true
  tags                = { Backup = local.names[0] }
}
resource "aws_dynamodb_table" "t" {
  for_each     = { for k, t in var.settings.tables : k => t if t.pitr }
  name         = "${var.name}-${each.key}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  attribute {
    name = "pk"
    type = "S"
  }
  dynamic "server_side_encryption" {
    for_each = each.value.sse == null ? [] : [each.value]
    content {
      enabled     = server_side_encryption.value.sse
      kms_key_arn = try(coalesce(server_side_encryption.value.key, var.key), null)
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = merge(local.tags, { T = each.key })
}
resource "aws_backup_vault" "v" {
  count       = max(1, length(local.some))
  name        = "${var.name}-${count.index + 1}"
  kms_key_arn = null
  tags        = count.index == 0 ? local.tags : {}
}
resource "aws_ssm_parameter" "sub" {
  name  = "/${var.name}/subs"
  type  = "String"
  value = jsonencode(module.sub.arn)
}
resource "aws_backup_plan" "p" {
  for_each = { only = local.cond }
  name     = trimsuffix("${var.name}-plan-", "-")
  dynamic "rule" {
    for_each = local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = element(aws_backup_vault.v, 0).id
      schedule          = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window      = 60 + 10 * rule.value.index

      dynamic "lifecycle" {
        for_each = var.settings.cold == null ? [] : [var.settings.cold]
        content {
          cold_storage_after = lifecycle.value
          delete_after       = lifecycle.value + 90
        }
      }
      dynamic "copy_action" {
        for_each = compact(concat([for u in var.upstream : u], var.settings.copies[*].arn))

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
