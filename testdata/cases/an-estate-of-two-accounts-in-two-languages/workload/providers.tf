provider "aws" {
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/deploy"
  }

  default_tags {
    tags = {
      service = "orders"
    }
  }
}

variable "backup_account" {
  type    = string
  default = "222222222222"
}

locals {
  central_vault = "arn:aws:backup:eu-central-1:${var.backup_account}:backup-vault:central"
}
