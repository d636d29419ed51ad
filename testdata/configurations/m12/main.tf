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
  names = ["weekly", "monthly"]
  upper = [for n in local.names : upper(n) if n != "weekly"]
  by    = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  extra = merge({ Name = var.name }, var.settings.tags, var.enabled ? { On = "yes" } : {})
  flat  = flatten([for n in local.names : [for s in ["p", "q"] : { id = "${n}-${s}", n = n }]])
  choose = var.enabled ? local.names[0] : "none"
}
output "vault" { value = aws_backup_vault.v["weekly-p"].arn }
output "vaults" { value = values(aws_backup_vault.v)[*].arn }
output "key" { value = aws_kms_key.k.arn }
output "n" { value = length(local.by) }
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_partition" "p" {}
data "aws_iam_policy_document" "k" {
  statement {
    sid     = "own"
    actions = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [for a in ["111111111111", "222222222222"] : "arn:aws:iam::${a}:root"]
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
  
  description = var.name
  policy = data.aws_iam_policy_document.k.json
  tags = local.extra
}
resource "aws_backup_vault" "v" {
  for_each = { for f in local.flat : f.id => f }
  name     = "${var.name}-${each.value.id}"
  kms_key_arn = each.value.n == local.names[0] ? aws_kms_key.k.arn : null
}
resource "aws_backup_plan" "p" {
  
  name = format("%s-%s", var.name, lower(local.choose))
  dynamic "rule" {
    for_each = local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = aws_backup_vault.v["weekly-p"].name
      schedule          = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window      = 60 + 10 * rule.value.index
      dynamic "copy_action" {
        for_each = values(aws_backup_vault.v)[*].arn
        iterator = c
        content {
          destination_vault_arn = c.value
          dynamic "lifecycle" {
            for_each = var.settings.cold == null ? [1] : [1]
            content {
              delete_after       = max(var.settings.keep, 30)
              cold_storage_after = var.settings.cold
            }
          }
        }
      }
    }
  }
}
