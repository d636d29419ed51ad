resource "aws_ssm_parameter" "sub" {
  name  = "/${var.name}/subs"
  type  = "String"
  value = join(",", flatten([[for m in module.sub : m.arn]]))
}
resource "aws_ebs_volume" "e" {
  count             = 2
  availability_zone = "${data.aws_region.here.name}a"
  size              = 8
  encrypted         = null
}
resource "aws_backup_vault" "v" {
  provider = aws.second
  for_each = local.vaults
  name     = format("%s_%s", var.name, each.value.suffix)
  tags     = local.tags
}
data "aws_region" "here" {
}
resource "aws_backup_selection" "s" {
  count         = length(flatten([aws_backup_plan.p]))
  name          = "${var.name}-sel"
  iam_role_arn  = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:role/backup"
  plan_id       = flatten([aws_backup_plan.p])[count.index].id
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
}
