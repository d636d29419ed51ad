data "aws_region" "here" {
  provider = aws.second
}
resource "aws_backup_selection" "s" {
  count        = length(flatten([aws_backup_plan.p]))
  name         = "${var.name}-sel"
  iam_role_arn = format("arn:%s:iam::%s:role/%s", data.aws_partition.p.partition, data.aws_caller_identity.me.account_id, aws_iam_role.r.name)
  plan_id      = flatten([aws_backup_plan.p])[count.index].id
  resources    = [for t in aws_dynamodb_table.t : t.arn]

  dynamic "selection_tag" {
    for_each = local.tags
    content {
      type  = "STRINGEQUALS"
      key   = selection_tag.key
      value = selection_tag.value
    }
  }
  condition {
    string_like {
      key   = "aws:ResourceTag/App"
      value = "${var.name}*"
    }
    dynamic "string_not_equals" {
      for_each = local.some
      content {
        key   = "aws:ResourceTag/${string_not_equals.key}"
        value = string_not_equals.value.key
      }
    }
  }
}
data "aws_caller_identity" "me" {}
data "aws_caller_identity" "sec" {
  provider = aws.second
}
resource "aws_backup_vault_policy" "v" {
  provider          = aws.second
  count             = length(aws_backup_vault.v)
  backup_vault_name = aws_backup_vault.v[count.index].name
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.name, Effect = "Allow", Principal = { AWS = "*" }, Action = ["backup:CopyIntoBackupVault"], Resource = "*" }] })
}
resource "aws_backup_vault" "v" {
  provider    = aws.second
  count       = var.enabled == false ? 1 : 2
  name        = "${var.name}-${count.index + 1}"
  kms_key_arn = try(aws_kms_key.k[0].arn, var.key)
  tags        = count.index == 0 ? local.tags : {}
}
resource "aws_dynamodb_table" "t" {
  for_each     = { for k, t in var.settings.tables : "${k}-x" => t }
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
