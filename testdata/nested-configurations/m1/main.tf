resource "aws_backup_vault" "local" {
  name        = "${var.name}-local"
  kms_key_arn = try(aws_kms_key.k[0].arn, var.key)
}
resource "aws_kms_key" "k" {
  count       = var.key == null ? 1 : 0
  description = var.name
  policy      = templatefile("${path.module}/key.tftpl", { account = data.aws_caller_identity.me.account_id, shared = local.names })
  tags        = local.tags
}
resource "aws_iam_role" "r" {
  name = substr("${var.name}-backup-role-long", 0, 20)

  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["backup.amazonaws.com", "ec2.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
}
