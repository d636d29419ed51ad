resource "aws_dynamodb_table" "t" {
  for_each     = toset(local.names)
  name         = "${var.name}-${each.key}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  server_side_encryption {
    enabled = true
  }
  tags = { Backup = true }
}
resource "aws_backup_plan" "p" {
  
  name = format("%s-%s", var.name, lower(local.choose))
  dynamic "rule" {
    for_each = local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = aws_backup_vault.v.name
      schedule          = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window      = 60 + 10 * rule.value.index
      dynamic "copy_action" {
        for_each = var.enabled ? [aws_backup_vault.v.arn] : []
        iterator = copy
        content {
          destination_vault_arn = copy.value
          dynamic "lifecycle" {
            for_each = var.settings.cold == null ? [1] : [1]
            content {
              delete_after       = max(var.settings.keep, 30)
              cold_storage_after = var.settings.cold
            }
          }
        }
      }
    }
  }
}
resource "aws_backup_selection" "s" {
  name         = "sel"
  iam_role_arn = aws_iam_role.r.arn
  plan_id      = aws_backup_plan.p.id
  resources    = [for t in aws_dynamodb_table.t : t.arn]
}
resource "aws_kms_key" "k" {
  count = var.enabled ? 1 : 0
  description = "${var.name}-${count.index}"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "a", Effect = "Allow", Action = "kms:*", Resource = "*", Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" } }] })
  tags = local.extra
}
resource "aws_backup_vault" "v" {
  name        = "${var.name}-vault"
  kms_key_arn = one(aws_kms_key.k[*].arn)
}
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_partition" "p" {}
resource "aws_iam_role" "r" {
  name = "${var.name}-backup"
  path = "/"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "backup.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
