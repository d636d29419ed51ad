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
  names = ["a-b", "daily"]
  upper = [for n in local.names : upper(n) if n != "weekly"]
  by    = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  extra = merge({ Name = var.name }, var.settings.tags, var.enabled ? { On = "yes" } : {})
  flat  = flatten([for n in local.names : [for s in ["p", "q"] : { id = "${n}-${s}", n = n }]])
  choose = var.enabled ? local.names[0] : "none"
}
output "vault" { value = values(aws_backup_vault.v)[0].arn }
output "vaults" { value = [for k, x in aws_backup_vault.v : x.arn] }
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
  for_each = length(var.settings.vaults) > 0 ? var.settings.vaults : { main = { suffix = "m", locked = false } }
  provider = aws.second
  name     = join("-", [var.name, each.key, each.value.suffix])
  tags     = { Locked = each.value.locked, Key = each.key }
}
resource "aws_backup_vault_policy" "v" {
  provider = aws.second
  backup_vault_name = values(aws_backup_vault.v)[0].name
  policy = jsonencode({ Version = "2012-10-17", Statement = [for a in ["111111111111","333333333333"] : { Effect = "Allow", Principal = { AWS = "arn:aws:iam::${a}:root" }, Action = ["backup:CopyIntoBackupVault"], Resource = "*" }] })
}
resource "aws_backup_plan" "p" {
  
  name = format("%s-%s", var.name, lower(local.choose))
  dynamic "rule" {
    for_each = local.by
    content {
      rule_name         = rule.value.key
      target_vault_name = values(aws_backup_vault.v)[0].name
      schedule          = rule.value.even ? var.schedule : "cron(0 6 * * ? *)"
      start_window      = 60 + 10 * rule.value.index
      dynamic "copy_action" {
        for_each = toset(var.settings.copy)
        content {
          destination_vault_arn = copy_action.value
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
  
  tags = { Backup = each.key }
}
resource "aws_iam_role" "r" {
  name = "${var.name}-backup"
  path = "/"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "backup.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_backup_selection" "s" {
  name         = "sel"
  iam_role_arn = aws_iam_role.r.arn
  plan_id      = aws_backup_plan.p.id
  resources    = values(aws_dynamodb_table.t)[*].arn
}
