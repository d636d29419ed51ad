resource "aws_kms_key" "data" {
  description = "encrypts the data"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
    ]
  })
}

variable "option" {
  type = string
}

resource "aws_db_option_group" "open" {
  name                 = "open"
  engine_name          = "sqlserver-ee"
  major_engine_version = "15.00"

  option {
    option_name = var.option
  }
}

resource "aws_db_instance" "orders" {
  identifier        = "orders"
  engine            = "sqlserver-ee"
  option_group_name = "made-by-hand" # undecided: [rds-option-group]
  storage_encrypted = true
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_db_instance" "invoices" {
  identifier        = "invoices"
  engine            = "sqlserver-ee"
  option_group_name = aws_db_option_group.open.name # undecided: [rds-option-group]
  storage_encrypted = true
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_db_instance" "users" {
  identifier        = "users"
  engine            = "postgres"
  option_group_name = "default:postgres-16"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.orders.arn, aws_db_instance.invoices.arn, aws_db_instance.users.arn]
}
