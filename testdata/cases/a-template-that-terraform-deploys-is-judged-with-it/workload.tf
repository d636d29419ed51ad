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

resource "aws_backup_vault" "source" {
  provider = aws.workload
  name     = "source"
}

resource "aws_dynamodb_table" "users" {
  provider     = aws.workload
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_backup_plan" "daily" {
  provider = aws.workload
  name     = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.source.name
    schedule          = "cron(0 5 * * ? *)"

    lifecycle {
      delete_after = 35
    }

    copy_action {
      destination_vault_arn = aws_cloudformation_stack.vault.outputs["Arn"]
    }

    copy_action {
      destination_vault_arn = "arn:aws:backup:us-east-2:333333333333:backup-vault:archive"
    }

    copy_action {
      destination_vault_arn = "arn:aws:backup:us-east-2:222222222222:backup-vault:somewhere" # undecided: [destination-vault-access-missing]
    }
  }
}

resource "aws_backup_selection" "everything" {
  provider     = aws.workload
  name         = "everything"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_dynamodb_table.users.arn]
}
