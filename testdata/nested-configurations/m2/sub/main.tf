variable "label" {}
variable "key" { default = "unset" }
variable "depends_on_value" {
  type    = any
  default = null
}
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"

    }
  }
}
data "aws_caller_identity" "x" {}
resource "aws_backup_vault" "s" {

  name        = substr(var.label, 0, 40)
  kms_key_arn = var.key == "unset" ? null : var.key
  tags        = { Owner = data.aws_caller_identity.x.account_id, V = can(var.depends_on_value + 1) }
}
output "arn" { value = aws_backup_vault.s.arn }
