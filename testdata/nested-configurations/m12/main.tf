resource "aws_kms_key" "k" {
  count       = tobool(var.create_key) && var.enabled != false ? 1 : 0
  description = title(var.name)
  policy      = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [{"Sid": "${var.name}", "Effect": "Allow", "Principal": {"AWS": "arn:${data.aws_partition.p.partition}:iam::${data.aws_caller_identity.me.account_id}:root"}, "Action": "kms:*", "Resource": "*"}]
    }
  EOT
  tags        = local.tags
}
resource "aws_ssm_parameter" "sub" {
  name  = "/${var.name}/subs"
  type  = "String"
  value = jsonencode([for m in module.sub : m.arn])
}
data "aws_region" "here" {
}
resource "aws_backup_vault" "v" {
  provider    = aws.second
  for_each    = local.vaults
  name        = replace(lower("${var.name}:${each.key}"), ":", "-")
  kms_key_arn = join("", aws_kms_key.k[*].arn)
  tags        = { Locked = each.value.locked, Key = each.key }
}
data "aws_partition" "p" {}
resource "aws_kms_alias" "k" {
  count         = length(aws_kms_key.k)
  name          = "alias/${var.name}-${count.index}"
  target_key_id = aws_kms_key.k[count.index].key_id
}
resource "aws_iam_role" "r" {
  name               = substr("${var.name}-backup-role-long", 0, 20)
  path               = "/backup/"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["backup.amazonaws.com", "ec2.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
}
resource "aws_backup_vault" "local" {
  name = "${var.name}-local"
}
