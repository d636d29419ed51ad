module "sub" {
  source   = "./sub"
  for_each = toset(keys(var.pairs))
  providers = {
    aws.other = aws.second
  }
  label            = "${var.name}-${each.key}"
  key              = null
  depends_on_value = local.by
}
resource "aws_backup_vault_lock_configuration" "v" {
  provider            = aws.second
  for_each            = aws_backup_vault.v
  backup_vault_name   = each.value.name
  min_retention_days  = 7
  max_retention_days  = var.settings.keep * 10
  changeable_for_days = var.enabled == true ? 3 : null
}
resource "aws_kms_key" "k" {
  count       = var.create_key ? 1 : 0
  description = var.name
  policy      = jsonencode({ Version = "2012-10-17", Statement = concat([{ Sid = "own", Effect = "Allow", Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }, Action = "kms:*", Resource = "*" }], [for a in ["222222222222", "333333333333"] : { Sid = "s${a}", Effect = "Allow", Principal = { AWS = ["arn:aws:iam::${a}:root"] }, Action = ["kms:CreateGrant", "kms:DescribeKey"], Resource = "*", Condition = { Bool = { "kms:GrantIsForAWSResource" = a == "222222222222" } } } if a != data.aws_caller_identity.me.account_id]) })
  tags        = { for k, v in local.tags : "t-${lower(k)}-${length(k)}" => v }
}
data "aws_partition" "p" {}
resource "aws_kms_alias" "k" {
  count         = length(aws_kms_key.k)
  name          = "alias/${var.name}-${count.index}"
  target_key_id = aws_kms_key.k[count.index].id
}
resource "aws_backup_plan" "p" {
  count = var.enabled == false ? 0 : 1
  name  = format("%s-%s", var.name, lower(local.cond))
  dynamic "rule" {
    for_each = { for n in local.names : n => local.by[n] }
    content {
      rule_name           = rule.value.key
      target_vault_name   = aws_backup_vault.local.name
      schedule            = var.schedule
      start_window        = "60"
      recovery_point_tags = local.tags
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
resource "aws_db_instance" "d" {
  count               = length(local.some) > 0 ? 1 : 0
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = var.settings.keep + 10
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
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.name, Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = ["backup:CopyIntoBackupVault"], Resource = "*", Condition = { StringEquals = { "aws:PrincipalOrgID" = ["o-abcd"] } } }] })
}
resource "aws_dynamodb_table" "t" {
  for_each     = var.settings.tables
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
      kms_key_arn = server_side_encryption.value.key
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = local.tags
}
resource "aws_iam_role" "r" {
  name = substr("${var.name}-backup-role-long", 0, 20)

  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["backup.amazonaws.com", "ec2.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
}
