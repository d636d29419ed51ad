resource "aws_kms_key" "k" {
  provider    = aws.second
  count       = tobool(var.create_key) && var.enabled != false ? 1 : 0
  description = "${var.name} ${local.cond}"
  policy      = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [{"Sid": "${var.name}", "Effect": "Allow", "Principal": {"AWS": "arn:${data.aws_partition.p.partition}:iam::${data.aws_caller_identity.me.account_id}:root"}, "Action": "kms:*", "Resource": "*"}]
    }
  EOT
  tags        = null
}
data "aws_caller_identity" "me" {}
data "aws_region" "here" {
  provider = aws.second
}
resource "aws_iam_role" "r" {
  name               = substr("${var.name}-backup-role-long", 0, 20)
  path               = "/backup/"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "backup.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_ssm_parameter" "sub" {
  name  = "/${var.name}/subs"
  type  = "String"
  value = join(",", flatten([module.sub[*].arn]))
}
resource "aws_db_instance" "d" {
  count               = length(local.some) > 0 ? 1 : 0
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = "20"
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = var.key != null
  kms_key_id          = length(aws_kms_key.k) > 0 ? aws_kms_key.k[0].arn : null
  skip_final_snapshot = true
  tags                = local.tags
}
resource "aws_efs_file_system" "f" {
  for_each  = local.flatby
  encrypted = null

  creation_token = "${var.name}-${each.key}"
}
module "sub" {
  source = "./sub"
  count  = length(local.flat)
  providers = {
    aws = aws.second
  }
  label            = "${var.name}-${"c${count.index}"}"
  key              = var.key
  depends_on_value = null
}
