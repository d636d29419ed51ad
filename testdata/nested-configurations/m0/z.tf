resource "aws_backup_vault" "local" {
  name        = "${var.name}-local"
  kms_key_arn = join("", aws_kms_key.k[*].arn)
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
data "aws_partition" "p" {}
resource "aws_kms_alias" "k" {
  count         = length(aws_kms_key.k)
  name          = "alias/${var.name}-${count.index}"
  target_key_id = aws_kms_key.k[count.index].key_id
}
resource "aws_kms_key" "k" {
  count       = tobool(var.create_key) && var.enabled != false ? 1 : 0
  description = local.cond
  policy      = templatefile("${path.module}/key.tftpl", { account = data.aws_caller_identity.me.account_id, shared = local.names })
  tags        = local.tags
}
resource "aws_backup_selection" "s" {
  count         = length(flatten([aws_backup_plan.p]))
  name          = "${var.name}-sel"
  iam_role_arn  = aws_iam_role.r.arn
  plan_id       = flatten([aws_backup_plan.p])[count.index].id
  resources     = ["arn:aws:ec2:*:*:volume/*", "arn:aws:dynamodb:*:*:table/${var.name}*"]
  not_resources = [for a in aws_db_instance.d : a.arn]
  dynamic "selection_tag" {
    for_each = var.settings.tags
    content {
      type  = "STRINGEQUALS"
      key   = selection_tag.key
      value = selection_tag.value
    }
  }
}
