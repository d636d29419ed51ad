identity_token "aws" {
  audience = ["aws.workload.identity"]
}

store "varset" "limits" {
  id       = "varset-limits"
  category = "terraform"
}

locals {
  shared = {
    central = "222222222222"
    token   = identity_token.aws.jwt
  }
}

deployment "production" {
  inputs = merge(local.shared, {
    account = "111111111111"
    regions = ["eu-central-1", "eu-west-1"]
    common  = { retention = 35 }
  })
}

deployment "retired" {
  destroy = true

  inputs = merge(local.shared, {
    account = "333333333333"
    regions = ["eu-central-1"]
  })
}
