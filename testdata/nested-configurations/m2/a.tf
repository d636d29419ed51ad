resource "aws_ebs_volume" "e" {
  count             = 2
  availability_zone = "${data.aws_region.here.name}a"
  size              = 8
  encrypted         = true

  lifecycle {
    ignore_changes = [tags]
  }
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
  tags = merge(local.tags, { T = each.key })
}
resource "aws_backup_vault" "local" {
  name = "${var.name}-local"
}
data "aws_caller_identity" "me" {}
data "aws_region" "here" {
}
resource "aws_backup_selection" "s" {
  count         = length(flatten([aws_backup_plan.p]))
  name          = "${var.name}-sel"
  iam_role_arn  = format("arn:%s:iam::%s:role/%s", data.aws_partition.p.partition, data.aws_caller_identity.me.account_id, aws_iam_role.r.name)
  plan_id       = flatten([aws_backup_plan.p])[count.index].id
  resources     = ["*"]
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
resource "aws_iam_role" "r" {
  name               = "${var.name}-role"
  path               = var.settings.flags.a ? "/x/" : null
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["backup.amazonaws.com", "ec2.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
}
