resource "aws_db_instance" "d" {
  count               = var.enabled == false ? 0 : 1
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = "20"
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = null
  kms_key_id          = join("", aws_kms_key.k[*].arn)
  skip_final_snapshot = true
  tags                = { Backup = local.names[0] }
}
resource "aws_iam_role" "r" {
  name               = substr("${var.name}-backup-role-long", 0, 20)
  path               = var.settings.flags.a ? "/x/" : null
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["backup.amazonaws.com", "ec2.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
}
data "aws_caller_identity" "me" {}
data "aws_caller_identity" "sec" {
  provider = aws.second
}
module "sub" {
  source = "./sub"
  providers = {
    aws = aws.second
  }
  label            = "${var.name}-${"s"}"
  key              = join("", aws_kms_key.k[*].arn)
  depends_on_value = local.by
}
