variable "databases" {
  type = bool
}

resource "aws_kms_key" "source_vault" {
  provider    = aws.workload
  description = "encrypts the source vault"
}

resource "aws_backup_vault" "source" {
  provider    = aws.workload
  name        = "source"
  kms_key_arn = aws_kms_key.source_vault.arn
}

resource "aws_db_instance" "orders" {
  provider                    = aws.workload
  identifier                  = "orders"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true

  storage_encrypted = true # undecided: [source-key-aws-managed]
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

  server_side_encryption {
    enabled = true
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
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "everything" {
  provider     = aws.workload
  name         = "everything"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"

  # The table is copied in either case, the database only where `var.databases` is true.
  resources = flatten([
    aws_dynamodb_table.users.arn,
    var.databases ? [aws_db_instance.orders.arn] : [],
  ])
}
