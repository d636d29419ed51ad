locals {
  account = read_terragrunt_config(find_in_parent_folders("account.hcl"))
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-EOF
    provider "aws" {
      region = "eu-central-1"

      assume_role {
        role_arn = "arn:aws:iam::${local.account.locals.id}:role/deploy"
      }
    }
  EOF
}
