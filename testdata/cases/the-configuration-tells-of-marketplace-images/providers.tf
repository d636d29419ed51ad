provider "aws" {
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/deploy"
  }
}

provider "aws" {
  alias  = "central"
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::222222222222:role/deploy"
  }
}
