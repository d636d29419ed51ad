resource "aws_backup_vault" "local" {
  name = "${var.name}-local"
}
resource "aws_backup_selection" "s" {
  count         = 1
  name          = "${var.name}-sel"
  iam_role_arn  = aws_iam_role.r.arn
  plan_id       = values(aws_backup_plan.p)[0].id
  resources     = ["arn:aws:ec2:*:*:volume/*", "arn:aws:dynamodb:*:*:table/${var.name}*"]
  not_resources = [for a in aws_db_instance.d : a.arn]
  dynamic "selection_tag" {
    for_each = {}
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
module "sub" {
  source           = "./sub"
  label            = "${var.name}-${"s"}"
  key              = null
  depends_on_value = local.days
}
resource "aws_kms_key" "k" {
  count       = 1
  description = "${var.name} ${local.cond}"
  policy      = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [{"Sid": "${var.name}", "Effect": "Allow", "Principal": {"AWS": "arn:${data.aws_partition.p.partition}:iam::${data.aws_caller_identity.me.account_id}:root"}, "Action": "kms:*", "Resource": "*"}]
    }
  EOT
  tags        = { for k, v in local.tags : "t-${lower(k)}-${length(k)}" => v }
}
resource "aws_backup_vault_lock_configuration" "v" {
  count               = length(aws_backup_vault.v)
  backup_vault_name   = aws_backup_vault.v[count.index].name
  min_retention_days  = local.days == null ? 1 : min(local.days, 7)
  max_retention_days  = max(var.settings.keep, 365)
  changeable_for_days = var.enabled == true ? 3 : null
}
