provider "aws" {
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/deploy"
  }
}

# Its code is not at hand: there may be more copies than this report shows.
module "backup" {
  source  = "example/backup/aws"
  version = "~> 2.0"
}

module "network" {
  source = "./network"
}

# Nothing is hidden where nothing is made.
module "unused" {
  source = "example/unused/aws"
  count  = 0
}

resource "aws_dynamodb_table" "users" {
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name
    schedule          = "cron(0 5 * * ? *)"

    lifecycle {
      delete_after = 35
    }

    copy_action {
      destination_vault_arn = module.backup.vault_arn # undecided: [destination-vault-missing]
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_dynamodb_table.users.arn]
}
