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
  source = "./m0"
  count = var.env == "prod" ? 1 : 0
  name = "n0-${count.index}"
  providers = {
    aws.second = aws.alt
  }
}
module "c1" {
  source = "./m1"
  count = 2
  name = "n1-${count.index}"
  enabled = "true"
  settings = { keep = null, vaults = {}, flags = { b = "flag" }, copy = ["arn:aws:backup:eu-central-1:222222222222:backup-vault:lit"] }
  any = "word"
  key = aws_kms_key.shared.arn
  upstream = module.c0[*].vault
  providers = {
    aws.second = aws.alt
  }
}
module "c2" {
  source = "./m2"
  for_each = { a = 1, b = 2 }
  name = "n2-${each.key}"
  schedule = "cron(0 9 * * ? *)"
  settings = { flags = { b = "flag" } }
  any = "word"
  providers = {
    aws = aws.alt
  }
}
module "c3" {
  source = "./m3"
  name = "n3"
  schedule = null
  settings = { keep = null, tags = { Team = "a", Name = "b" }, copy = ["arn:aws:backup:eu-central-1:222222222222:backup-vault:lit"] }
  providers = {
    aws = aws.dst
    aws.second = aws.dst
  }
}
module "c4" {
  source = "./m4"
  name = "n4"
  upstream = [module.c3.vault]
  providers = {
    aws = aws.alt
  }
}
module "c5" {
  source = "./m5"
  for_each = toset(["a", "b"])
  name = "n5-${each.key}"
  enabled = var.env == "prod"
  settings = { copy = ["arn:aws:backup:eu-central-1:222222222222:backup-vault:lit"] }
  key = aws_kms_key.shared.arn
  upstream = [module.c3.vault]
}
module "c6" {
  source = "./m6"
  name = "n6"
  enabled = false
  settings = {  }
  upstream = concat([for k, m in module.c2 : m.vault], [aws_backup_vault.shared.arn])
  providers = {
    aws.second = aws.alt
  }
}
module "c7" {
  source = "./m7"
  name = "n7"
  enabled = false
  settings = { keep = null, tags = { Team = "a", Name = "b" }, flags = { b = "flag" } }
  key = aws_kms_key.shared.arn
  upstream = module.c1[*].vault
  providers = {
    aws = aws.dst
    aws.second = aws.dst
  }
}
module "c8" {
  source = "./m8"
  name = "n8"
  settings = { keep = "41" }
  upstream = [module.c4.vault]
}
module "c9" {
  source = "./m9"
  name = "n9"
  enabled = "true"
  upstream = [for k, m in module.c2 : m.vault]
  providers = {
    aws = aws.dst
  }
}
module "c10" {
  source = "./m10"
  name = "n10"
  any = "word"
  key = aws_kms_key.shared.arn
  upstream = [module.c3.vault]
  providers = {
    aws = aws.dst
    aws.second = aws.dst
  }
}
module "c11" {
  source = "./m11"
  for_each = toset(["a", "b"])
  name = "n11-${each.key}"
  schedule = "cron(0 9 * * ? *)"
  settings = { vaults = null }
  upstream = [module.c8.vault]
}
module "c12" {
  source = "./m12"
  name = "n12"
  enabled = "true"
  any = { foo = "f" }
}
module "c13" {
  source = "./m13"
  name = "n13"
  upstream = [for k, m in module.c11 : m.vault]
  providers = {
    aws = aws.alt
  }
}
