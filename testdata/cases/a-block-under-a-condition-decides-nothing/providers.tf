provider "aws" {
  alias  = "workload"
  region = "us-east-2"

  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/deploy"
  }
}

provider "aws" {
  alias  = "central"
  region = "us-east-2"

  assume_role {
    role_arn = "arn:aws:iam::222222222222:role/deploy"
  }
}
