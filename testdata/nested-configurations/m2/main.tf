resource "aws_kms_key" "k" {
  count       = 1
  description = "${var.name} ${local.cond}"
  policy      = jsonencode({ Version = "2012-10-17", Statement = concat([{ Sid = "own", Effect = "Allow", Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }, Action = "kms:*", Resource = "*" }], [for a in ["222222222222", "333333333333"] : { Sid = "s${a}", Effect = "Allow", Principal = { AWS = ["arn:aws:iam::${a}:root"] }, Action = ["kms:CreateGrant", "kms:DescribeKey"], Resource = "*", Condition = { Bool = { "kms:GrantIsForAWSResource" = a == "222222222222" } } } if a != data.aws_caller_identity.me.account_id]) })
  tags        = { for k, v in local.tags : "t-${lower(k)}-${length(k)}" => v }
}
module "sub" {
  source           = "./sub"
  label            = "${var.name}-${"s"}"
  key              = var.key
  depends_on_value = local.days
}
resource "aws_ssm_parameter" "sub" {
  name  = "/${var.name}/subs"
  type  = "String"
  value = join(",", flatten([module.sub.arn]))
}
