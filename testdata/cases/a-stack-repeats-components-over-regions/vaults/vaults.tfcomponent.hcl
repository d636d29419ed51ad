variable "account" {
  type = string
}

variable "regions" {
  type = set(string)
}

variable "admit" {
  type = list(string)
}

variable "token" {
  type      = string
  ephemeral = true
}

provider "aws" "central" {
  for_each = var.regions

  config {
    region = each.value

    assume_role_with_web_identity {
      role_arn           = "arn:aws:iam::${var.account}:role/deploy"
      web_identity_token = var.token
    }
  }
}

component "vault" {
  for_each = var.regions

  source = "../modules/vault"

  inputs = {
    name  = each.value == "eu-west-1" ? "replica" : "central"
    admit = each.value == "eu-west-1" ? ["999999999999"] : var.admit
  }

  providers = { aws = provider.aws.central[each.value] }
}

output "arns" {
  type  = map(string)
  value = { for region, vault in component.vault : region => vault.arn }
}
