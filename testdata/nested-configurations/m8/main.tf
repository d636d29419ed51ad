data "aws_caller_identity" "me" {}
data "aws_region" "here" {
}
data "aws_partition" "p" {}
resource "aws_backup_vault_policy" "v" {
  count             = length(aws_backup_vault.v)
  backup_vault_name = aws_backup_vault.v[count.index].name
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.name, Effect = "Allow", Principal = { AWS = [for a in ["111111111111", "333333333333"] : "arn:aws:iam::${a}:root"] }, Action = ["backup:CopyIntoBackupVault"], Resource = "*", Condition = { StringEquals = { "aws:PrincipalOrgID" = ["o-abcd"] } } }] })
}
