provider "aws" {
  region = "eu-central-1"

  assume_role {
    role_arn = "arn:aws:iam::111111111111:role/deploy"
  }
}

data "terraform_remote_state" "keys" {
  backend = "s3"
  config = {
    bucket = "acme-states"
    key    = "security/keys.tfstate"
    region = "eu-central-1"
  }
}

data "terraform_remote_state" "elsewhere" { # undecided: [source-key-aws-managed]
  backend = "s3"
  config  = { bucket = "acme-states", key = "elsewhere.tfstate", region = "eu-central-1" }
}

resource "aws_db_instance" "orders" {
  identifier                  = "orders"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = data.terraform_remote_state.keys.outputs.keys["data"]
}

resource "aws_db_instance" "invoices" {
  identifier                  = "invoices"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "invoices"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = data.terraform_remote_state.elsewhere.outputs.key
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
      destination_vault_arn = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central"
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.orders.arn, aws_db_instance.invoices.arn]
}
