provider "aws" {
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/deploy"
  }
}

resource "aws_kms_key" "data" { # error: [source-key-not-shared]
  description = "encrypts the data"
}
