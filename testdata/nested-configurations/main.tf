terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "accounts" {
  type = map(object({ id = string, region = optional(string, "eu-west-1") }))
  default = {
    src = { id = 111111111111 }
    dst = { id = "222222222222", region = "eu-central-1" }
    alt = { id = "333333333333", region = "us-east-1" }
  }
}
variable "env" {
  default = "prod"
}
variable "extra" {
  type    = map(object({ keep = optional(number), on = optional(bool, true) }))
  default = {}
}
locals {
  ws    = terraform.workspace
  teams = { for k, v in { core = 1, data = 2, none = 0 } : k => v if v > 0 }
}
provider "aws" {
  region = var.accounts["src"].region
  assume_role {
    role_arn = "arn:aws:iam::${var.accounts["src"].id}:role/Deploy"
  }
  default_tags {
    tags = { Owner = "platform", Env = var.env }
  }
}
provider "aws" {
  alias  = "dst"
  region = var.accounts.dst.region
  assume_role {
    role_arn = format("arn:aws:iam::%s:role/%s", var.accounts.dst.id, "Deploy")
  }
}
provider "aws" {
  alias  = "alt"
  region = var.accounts.alt.region
  assume_role {
    role_arn = format("arn:aws:iam::%s:role/%s", var.accounts.alt.id, "Deploy")
  }
}
resource "aws_kms_key" "shared" {
  description = "shared"
}
resource "aws_backup_vault" "shared" {
  provider = aws.dst
  name     = "shared"
}
module "c0" {
  source   = "./m0"
  for_each = var.extra
  name     = "n0-${each.key}"
  providers = {
    aws        = aws.dst
    aws.second = aws
  }
  enabled    = "true"
  upstream   = distinct(["arn:aws:backup:eu-central-1:222222222222:backup-vault:lit", aws_backup_vault.shared.arn])
  create_key = true
}
module "c1" {
  source   = "./m1"
  for_each = { for k, a in var.accounts : k => a if k != "src" }
  name     = "n1-${each.key}"
  providers = {
    aws        = aws
    aws.second = aws
  }
  settings = { keep = 400, cold = 30, vaults = { only = { suffix = 7, locked = "true", roles = null } }, copies = null, tags = { Team = "x", N = 1 }, flags = { a = false, n = { deep = [] } } }
  enabled  = null
  upstream = ["arn:aws:backup:eu-central-1:222222222222:backup-vault:lit"]
  pairs    = { for k, v in local.teams : k => [k, v] }
}
module "c2" {
  source = "./m2"
  name   = "n2"
  providers = {
    aws.second = aws.dst
  }
  any      = null
  upstream = compact([module.c1["dst"].vault, "", null])
}
module "c3" {
  source   = "./m3"
  for_each = var.extra
  name     = "n3-${each.key}"
  providers = {
    aws        = aws.alt
    aws.second = aws.dst
  }
  enabled = null
  key     = null
  pairs   = {}
}
module "c4" {
  source   = "./m4"
  for_each = local.teams
  name     = "n4-${each.key}"
  providers = {
    aws.second = aws.dst
  }
  settings   = { keep = 400, cold = null, vaults = { only = { suffix = 7, locked = "true", roles = null } }, tags = merge({ A = "a" }, { E = var.env }), flags = { a = null } }
  enabled    = var.env == "prod"
  upstream   = ["arn:aws:backup:eu-central-1:222222222222:backup-vault:lit"]
  create_key = false
  pairs      = { p = ["1", 2] }
}
module "c5" {
  source   = "./m5"
  for_each = { for k, a in var.accounts : k => a if k != "src" }
  name     = "n5-${each.key}"
  providers = {
    aws        = aws
    aws.second = aws
  }
  upstream = compact([module.c2.vault, "", null])
}
module "c6" {
  source   = "./m6"
  for_each = toset(["x", "y"])
  name     = "n6-${each.key}"
  providers = {
    aws        = aws.dst
    aws.second = aws
  }
  enabled    = var.env == "prod"
  any        = "text"
  upstream   = compact([module.c1["dst"].vault, "", null])
  create_key = false
  pairs      = { for k, v in local.teams : k => [k, v] }
}
module "c7" {
  source = "./m7"
  count  = contains(["dev"], var.env) ? 1 : 0
  name   = "n7-${count.index}"
  providers = {
    aws        = aws
    aws.second = aws
  }
  settings = { keep = null, vaults = {}, tables = { u = { sse = true }, w = { sse = true, key = aws_kms_key.shared.arn, pitr = false }, z = {} }, tags = { Team = "x", N = 1 }, flags = { b = "flag" } }
  enabled  = true
  upstream = compact([module.c5["dst"].vault, "", null])
}
module "c8" {
  source     = "./m8"
  for_each   = var.extra
  name       = "n8-${each.key}"
  settings   = { vaults = {}, tables = {}, flags = { b = "flag" } }
  enabled    = null
  upstream   = compact([module.c1["dst"].vault, "", null])
  key        = null
  create_key = true
}
module "c9" {
  source   = "./m9"
  for_each = var.extra
  name     = "n9-${each.key}"
  providers = {
    aws.second = aws.alt
  }
  settings = { keep = "45", cold = 30, vaults = { only = { suffix = 7, locked = "true", roles = null } }, tables = { one = { sse = false } } }
  enabled  = null
  any      = { a = null, k = { z = true } }
}
module "c10" {
  source   = "./m10"
  for_each = toset(["x", "y"])
  name     = "n10-${each.key}"
  providers = {
    aws.second = aws.alt
  }
  any      = { a = null, k = { z = true } }
  upstream = [module.c5["dst"].vault, values(module.c6)[0].vault]
}
module "c11" {
  source = "./m11"
  name   = "n11"
  providers = {
    aws        = aws.alt
    aws.second = aws.dst
  }
}
module "c12" {
  source   = "./m12"
  for_each = { for k, a in var.accounts : k => a if k != "src" }
  name     = "n12-${each.key}"
  providers = {
    aws        = aws.dst
    aws.second = aws.alt
  }
  settings = { keep = "45", vaults = { a = { suffix = "s1" }, "b_c" = { suffix = "s2", locked = true, days = 5, roles = ["q", "p", "q"] } }, copies = null, tables = {}, flags = { b = "flag" } }
  any      = { k = ["v1"] }
}
module "c13" {
  source   = "./m13"
  for_each = local.teams
  name     = "n13-${each.key}"
  providers = {
    aws        = aws
    aws.second = aws
  }
  settings = { keep = "45", cold = null, vaults = { a = { suffix = "s1" }, "b_c" = { suffix = "s2", locked = true, days = 5, roles = ["q", "p", "q"] } }, copies = null, tables = { one = { sse = false } }, tags = merge({ A = "a" }, { E = var.env }), flags = { a = null } }
  enabled  = "true"
  any      = [1, 2]
  upstream = compact(["arn:aws:backup:eu-central-1:222222222222:backup-vault:lit", "", null])
  key      = one([for k in [aws_kms_key.shared] : k.arn])
}
