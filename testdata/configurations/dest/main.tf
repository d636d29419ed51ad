variable "name" { type = string }
variable "allow" { type = any }
variable "key" {
  type    = string
  default = null
}
data "aws_caller_identity" "here" {}
resource "aws_backup_vault" "v" {
  name        = var.name
  kms_key_arn = var.key
}
resource "aws_backup_vault_policy" "v" {
  count             = var.allow == null ? 0 : 1
  backup_vault_name = aws_backup_vault.v.name
  policy            = data.aws_iam_policy_document.v[count.index].json
}
data "aws_iam_policy_document" "v" {
  count = 1
  statement {
    actions   = ["backup:CopyIntoBackupVault"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = formatlist("arn:aws:iam::%s:root", flatten([var.allow]))
    }
  }
}
output "vault_arn" { value = aws_backup_vault.v.arn }
output "vault_name" { value = aws_backup_vault.v.id }
output "info" { value = { arn = aws_backup_vault.v.arn, account = data.aws_caller_identity.here.account_id } }
