provider "aws" {
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/deploy"
  }
}

provider "aws" {
  alias  = "management"
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::333333333333:role/deploy"
  }
}

# The way to the database: this module, its stack, the stack within that.
module "data" {
  source = "./data"
}

resource "aws_cloudformation_stack" "plan" {
  name          = "plan"
  template_body = file("${path.module}/plan.yaml")

  parameters = {
    Database = module.data.arn
  }
}

# The way to the vault: the stack set, and its instance.
resource "aws_cloudformation_stack_set" "vaults" {
  provider      = aws.management
  name          = "vaults"
  template_body = file("${path.module}/vault.yaml")
}

resource "aws_cloudformation_stack_set_instance" "vaults" {
  provider                  = aws.management
  stack_set_name            = aws_cloudformation_stack_set.vaults.name
  account_id                = "222222222222"
  stack_set_instance_region = "eu-central-1"
}
