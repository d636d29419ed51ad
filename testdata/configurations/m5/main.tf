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
  nullable = false
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
  names = ["weekly", "monthly", "x_y"]
  upper = [for n in local.names : upper(n) if n != "weekly"]
  by    = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  extra = merge({ Name = var.name }, var.settings.tags, var.enabled ? { On = "yes" } : {})
  flat  = flatten([for n in local.names : [for s in ["p", "q"] : { id = "${n}-${s}", n = n }]])
  choose = lookup({prod = "p1", dev = "d1"}, var.any == null ? "prod" : "dev", "zz")
}
output "vault" { value = aws_backup_vault.v["weekly-p"].arn }
output "vaults" { value = values(aws_backup_vault.v)[*].arn }
output "key" { value = aws_kms_key.k[0].arn }
output "n" { value = length(local.by) }
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_partition" "p" {}
resource "aws_kms_key" "k" {
  count = length(local.names)
  description = local.names[count.index]
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "a", Effect = "Allow", Action = "kms:*", Resource = "*", Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" } }] })
  tags = local.extra
}
resource "aws_backup_vault" "v" {
  for_each = { for f in local.flat : f.id => f }
  name     = "${var.name}-${each.value.id}"
  kms_key_arn = each.value.n == local.names[0] ? aws_kms_key.k[0].arn : null
}
resource "aws_backup_plan" "p" {
  count = var.enabled ? 1 : 0
  name = format("%s-%s", var.name, lower(local.choose))
  rule {
    rule_name         = "${var.name}-rule"
    target_vault_name = aws_backup_vault.v["weekly-p"].name
    schedule          = var.schedule
    recovery_point_tags = local.extra
      dynamic "copy_action" {
        for_each = var.upstream
        content {
          destination_vault_arn = copy_action.value
          lifecycle {
            delete_after = copy_action.key + var.settings.keep
          }
        }
      }
  }
}
resource "aws_dynamodb_table" "t" {
  for_each     = toset(local.names)
  name         = "${var.name}-${each.key}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  
  tags = { Backup = true }
}
resource "aws_iam_role" "r" {
  name = "${var.name}-backup"
  path = "/"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "backup.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_backup_selection" "s" {
  count = var.enabled ? 1 : 0
  name         = "sel"
  iam_role_arn = aws_iam_role.r.arn
  plan_id      = aws_backup_plan.p[0].id
  resources    = concat([for t in aws_dynamodb_table.t : t.arn], ["arn:aws:dynamodb:*:*:table/x"])
}
