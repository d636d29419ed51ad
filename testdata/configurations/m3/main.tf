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
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
      configuration_aliases = [aws.second]
    }
  }
}
locals {
  names = ["weekly", "monthly", "x_y"]
  upper = [for n in local.names : upper(n) if n != "weekly"]
  by    = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  extra = merge({ Name = var.name }, var.settings.tags, var.enabled ? { On = "yes" } : {})
  flat  = flatten([for n in local.names : [for s in ["p", "q"] : { id = "${n}-${s}", n = n }]])
  choose = var.enabled ? local.names[0] : "none"
}
output "vault" { value = aws_backup_vault.v["weekly-p"].arn }
output "vaults" { value = values(aws_backup_vault.v)[*].arn }
output "key" { value = one(aws_kms_key.k[*].arn) }
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
  count = var.enabled ? 1 : 0
  description = "${var.name}-${count.index}"
  policy = data.aws_iam_policy_document.k.json
  tags = local.extra
}
resource "aws_backup_vault" "v" {
  for_each = { for f in local.flat : f.id => f }
  provider = aws.second
  name     = "${var.name}-${each.value.id}"
  kms_key_arn = each.value.n == local.names[0] ? one(aws_kms_key.k[*].arn) : null
}
resource "aws_backup_plan" "p" {
  
  name = format("%s-%s", var.name, lower(local.choose))
  rule {
    rule_name         = "${var.name}-rule"
    target_vault_name = aws_backup_vault.v["weekly-p"].name
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
  server_side_encryption {
    enabled = true
  }
  tags = { Backup = true }
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
  resources    = [for t in aws_dynamodb_table.t : t.arn]
}
