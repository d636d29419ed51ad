resource "aws_backup_selection" "s" {
  count         = 1
  name          = "${var.name}-sel"
  iam_role_arn  = format("arn:%s:iam::%s:role/%s", data.aws_partition.p.partition, data.aws_caller_identity.me.account_id, aws_iam_role.r.name)
  plan_id       = values(aws_backup_plan.p)[0].id
  resources     = ["*"]
  not_resources = [for a in aws_db_instance.d : a.arn]
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
resource "aws_backup_vault_lock_configuration" "v" {
  provider            = aws.second
  count               = 1
  backup_vault_name   = aws_backup_vault.v.name
  min_retention_days  = local.days == null ? 1 : min(local.days, 7)
  max_retention_days  = var.settings.keep * 10
  changeable_for_days = var.enabled == true ? 3 : null
}
resource "aws_ebs_volume" "e" {

  availability_zone = "${data.aws_region.here.name}a"
  size              = 8
  encrypted         = local.cond == "on"

  lifecycle {
    ignore_changes = [tags]
  }
}
resource "aws_kms_key" "k" {
  count       = 1
  description = title(var.name)
  policy      = templatefile("${path.module}/key.tftpl", { account = data.aws_caller_identity.me.account_id, shared = local.names })
  tags        = { for k, v in local.tags : "t-${lower(k)}-${length(k)}" => v }
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
      kms_key_arn = server_side_encryption.value.sse ? length(aws_kms_key.k) > 0 ? aws_kms_key.k[0].arn : null : null
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = local.tags
}
