resource "aws_kms_key" "k" {
  count       = tobool(var.create_key) && var.enabled != false ? 1 : 0
  description = "${var.name} ${local.cond}"
  tags        = { for k, v in local.tags : "t-${lower(k)}-${length(k)}" => v }
}
resource "aws_backup_selection" "s" {
  count         = 1
  name          = "${var.name}-sel"
  iam_role_arn  = format("arn:%s:iam::%s:role/%s", data.aws_partition.p.partition, data.aws_caller_identity.me.account_id, aws_iam_role.r.name)
  plan_id       = values(aws_backup_plan.p)[0].id
  resources     = [for t in aws_dynamodb_table.t : t.arn]
  not_resources = []
  dynamic "selection_tag" {
    for_each = var.settings.tags
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
data "aws_region" "here" {
  provider = aws.second
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
      kms_key_arn = server_side_encryption.value.sse ? try(aws_kms_key.k[0].arn, var.key) : null
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = local.tags
}
resource "aws_backup_vault" "v" {
  provider    = aws.second
  name        = var.name
  kms_key_arn = try(aws_kms_key.k[0].arn, var.key)
  tags        = local.tags
}
data "aws_partition" "p" {}
resource "aws_kms_alias" "k" {
  count         = length(aws_kms_key.k)
  name          = "alias/${var.name}-${count.index}"
  target_key_id = aws_kms_key.k[count.index].arn
}
