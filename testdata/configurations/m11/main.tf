variable "name" { type = string }
variable "settings" {
  type = object({
    keep    = optional(number, 35)
    cold    = optional(number)
    vaults  = optional(map(object({ suffix = string, locked = optional(bool, false) })), {})
    copy    = optional(list(string), [])
    tags    = optional(map(string), {})
    flags   = optional(object({ a = optional(bool, true), b = optional(string, "x") }), {})
  })
  default = {}
}
variable "enabled" {
  type    = bool
  default = true
}
variable "schedule" {
  default  = "cron(0 5 * * ? *)"
  
}
variable "any" { default = null }
variable "upstream" {
  type    = list(string)
  default = []
}
variable "key" {
  type    = string
  default = null
}
locals {
  names = ["a-b", "x_y"]
  upper = [for n in local.names : upper(n) if n != "weekly"]
  by    = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  extra = merge({ Name = var.name }, var.settings.tags, var.enabled ? { On = "yes" } : {})
  flat  = flatten([for n in local.names : [for s in ["p", "q"] : { id = "${n}-${s}", n = n }]])
  choose = lookup({prod = "p1", dev = "d1"}, var.any == null ? "prod" : "dev", "zz")
}
output "vault" { value = aws_backup_vault.v.arn }
output "vaults" { value = [aws_backup_vault.v.arn] }
output "key" { value = aws_kms_key.k[0].arn }
output "n" { value = length(local.by) }
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_partition" "p" {}
data "aws_iam_policy_document" "k" {
  statement {
    sid     = "own"
    actions = concat(["kms:Describe*"], ["kms:List*", "kms:Describe*"])
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.p.partition}:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
  }
  dynamic "statement" {
    for_each = var.enabled ? local.names : []
    content {
      sid       = replace(statement.value, "/[^a-z]/", "")
      effect    = "Deny"
      actions   = ["kms:Decrypt"]
      resources = ["*"]
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      condition {
        test     = "Bool"
        variable = "aws:SecureTransport"
        values   = [false]
      }
    }
  }
}
resource "aws_kms_key" "k" {
  count = length(local.names)
  description = local.names[count.index]
  policy = data.aws_iam_policy_document.k.json
  tags = local.extra
}
resource "aws_backup_vault" "v" {
  name        = "${var.name}-vault"
  kms_key_arn = aws_kms_key.k[0].arn
}
resource "aws_backup_plan" "p" {
  
  name = format("%s-%s", var.name, lower(local.choose))
  rule {
    rule_name         = "${var.name}-rule"
    target_vault_name = aws_backup_vault.v.name
    schedule          = var.schedule
    recovery_point_tags = local.extra
      copy_action {
        destination_vault_arn = aws_backup_vault.v.arn
        lifecycle {
          delete_after = var.settings.keep
        }
      }
  }
}
