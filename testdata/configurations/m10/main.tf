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
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
      configuration_aliases = [aws.second]
    }
  }
}
locals {
  names = ["monthly"]
  upper = [for n in local.names : upper(n) if n != "weekly"]
  by    = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  extra = merge({ Name = var.name }, var.settings.tags, var.enabled ? { On = "yes" } : {})
  flat  = flatten([for n in local.names : [for s in ["p", "q"] : { id = "${n}-${s}", n = n }]])
  choose = coalesce(var.any, "fallback")
}
output "vault" { value = aws_backup_vault.v["monthly-p"].arn }
output "vaults" { value = values(aws_backup_vault.v)[*].arn }
output "key" { value = aws_kms_key.k[0].arn }
output "n" { value = length(local.by) }
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_partition" "p" {}
resource "aws_kms_key" "k" {
  count = length(local.names)
  description = local.names[count.index]
  tags = local.extra
}
resource "aws_backup_vault" "v" {
  for_each = { for f in local.flat : f.id => f }
  provider = aws.second
  name     = "${var.name}-${each.value.id}"
  kms_key_arn = each.value.n == local.names[0] ? aws_kms_key.k[0].arn : null
}
resource "aws_backup_plan" "p" {
  
  name = format("%s-%s", var.name, lower(local.choose))
  rule {
    rule_name         = "${var.name}-rule"
    target_vault_name = aws_backup_vault.v["monthly-p"].name
    schedule          = var.schedule
    recovery_point_tags = local.extra
      copy_action {
        destination_vault_arn = aws_backup_vault.v["monthly-p"].arn
        lifecycle {
          delete_after = var.settings.keep
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
  
  tags = { Backup = "true" }
}
resource "aws_iam_role" "r" {
  name = "${var.name}-backup"
  path = "/svc/"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "backup.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_backup_selection" "s" {
  name         = "sel"
  iam_role_arn = aws_iam_role.r.arn
  plan_id      = aws_backup_plan.p.id
  resources    = concat([for t in aws_dynamodb_table.t : t.arn], ["arn:aws:dynamodb:*:*:table/x"])
}
