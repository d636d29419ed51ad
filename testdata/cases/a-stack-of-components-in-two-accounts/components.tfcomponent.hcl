required_providers {
  aws = {
    source  = "hashicorp/aws"
    version = "~> 5.0"
  }
}

variable "accounts" {
  type = map(string)
}

variable "token" {
  type      = string
  ephemeral = true
}

provider "aws" "in" {
  for_each = var.accounts

  config {
    region = "eu-central-1"

    assume_role_with_web_identity {
      role_arn           = "arn:aws:iam::${each.value}:role/deploy"
      web_identity_token = var.token
    }
  }
}

component "key" {
  source    = "./modules/key"
  providers = { aws = provider.aws.in["workload"] }
}

component "vault" {
  source = "./modules/vault"

  inputs = {
    name  = "central"
    admit = [var.accounts["workload"]]
  }

  providers = { aws = provider.aws.in["central"] }
}

component "data" {
  source = "./modules/workload"

  inputs = {
    key         = component.key.arn
    destination = component.vault.arn
  }

  providers = { aws = provider.aws.in["workload"] }
}
