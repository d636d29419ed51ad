identity_token "aws" {
  audience = ["aws.workload.identity"]
}

locals {
  central = "222222222222"
}

deployment "production" {
  inputs = {
    accounts = { workload = "111111111111", central = local.central }
    token    = identity_token.aws.jwt
  }
}

deployment "staging" {
  inputs = {
    accounts = { workload = "333333333333", central = "444444444444" }
    token    = identity_token.aws.jwt
  }
}
