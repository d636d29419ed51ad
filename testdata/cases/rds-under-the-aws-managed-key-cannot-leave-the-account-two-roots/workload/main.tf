provider "aws" {
  region = "us-east-2"

  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/deploy"
  }
}

resource "aws_kms_key" "source_vault" {
  description = "encrypts the source vault"
}

resource "aws_backup_vault" "source" {
  name        = "source"
  kms_key_arn = aws_kms_key.source_vault.arn
}

resource "aws_db_instance" "orders" {
  identifier                  = "orders"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true

  storage_encrypted = true # error: [source-key-aws-managed]
}

resource "aws_dynamodb_table" "users" {
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  server_side_encryption {
    enabled = true
  }
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.source.name
    schedule          = "cron(0 5 * * ? *)"

    lifecycle {
      delete_after = 35
    }

    copy_action {
      destination_vault_arn = "arn:aws:backup:us-east-2:222222222222:backup-vault:central"
    }
  }
}

resource "aws_backup_selection" "everything" {
  name         = "everything"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"

  resources = [
    aws_db_instance.orders.arn,
    aws_dynamodb_table.users.arn,
  ]
}
