required_providers {
  aws = {
    source  = "hashicorp/aws"
    version = "~> 5.0"
  }
}

provider "aws" "workload" {
  for_each = var.regions

  config {
    region = each.value

    assume_role_with_web_identity {
      role_arn           = "arn:aws:iam::${var.account}:role/deploy"
      web_identity_token = var.token
    }
  }
}
