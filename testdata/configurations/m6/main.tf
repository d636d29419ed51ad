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
  names = ["x_y", "a-b", "daily"]
  upper = [for n in local.names : upper(n) if n != "weekly"]
  by    = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  extra = merge({ Name = var.name }, var.settings.tags, var.enabled ? { On = "yes" } : {})
  flat  = flatten([for n in local.names : [for s in ["p", "q"] : { id = "${n}-${s}", n = n }]])
  choose = one([for n in local.names : n if n == local.names[0]])
}
output "vault" { value = values(aws_backup_vault.v)[0].arn }
output "vaults" { value = [for k, x in aws_backup_vault.v : x.arn] }
output "key" { value = aws_kms_key.k["x_y"].arn }
output "n" { value = length(local.by) }
data "aws_caller_identity" "me" {}
data "aws_region" "here" {}
data "aws_partition" "p" {}
resource "aws_kms_key" "k" {
  for_each = local.by
  description = each.value.key
  tags = local.extra
}
resource "aws_backup_vault" "v" {
  for_each = length(var.settings.vaults) > 0 ? var.settings.vaults : { main = { suffix = "m", locked = false } }
  provider = aws.second
  name     = join("-", [var.name, each.key, each.value.suffix])
  tags     = { Locked = each.value.locked, Key = each.key }
}
module "sub" {
  source = "../wrap"
  for_each = toset(local.names)
  name   = "${var.name}-${each.key}"
  allow  = data.aws_caller_identity.me.account_id
  key    = var.key
  providers = { aws = aws.second }
}
resource "aws_backup_plan" "p" {
  
  name = format("%s-%s", var.name, lower(local.choose))
  rule {
    rule_name         = "${var.name}-rule"
    target_vault_name = values(aws_backup_vault.v)[0].name
    schedule          = var.schedule
    recovery_point_tags = local.extra
      dynamic "copy_action" {
        for_each = toset(var.settings.copy)
        content {
          destination_vault_arn = copy_action.value
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
  name         = "sel"
  iam_role_arn = aws_iam_role.r.arn
  plan_id      = aws_backup_plan.p.id
  resources    = concat([for t in aws_dynamodb_table.t : t.arn], ["arn:aws:dynamodb:*:*:table/x"])
}
