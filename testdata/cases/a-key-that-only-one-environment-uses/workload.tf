variable "env" {
  type = string

  validation {
    condition     = contains(["dev", "stage", "prod"], var.env)
    error_message = "dev, stage or prod"
  }
}

variable "with_users" {
  type = bool
}

resource "aws_backup_vault" "source" {
  provider = aws.workload
  name     = "source"
}

resource "aws_kms_key" "rds" {
  provider    = aws.workload
  description = "encrypts the orders database"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "CentralBackupReads"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup" }
        Action    = ["kms:DescribeKey", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
      {
        Sid       = "CentralBackupGrants"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup" }
        Action    = "kms:CreateGrant"
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}

resource "aws_kms_key" "dynamodb" {
  provider    = aws.workload
  description = "encrypts the user table"
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
  kms_key_id        = var.env == "dev" ? null : aws_kms_key.rds.arn
}

resource "aws_dynamodb_table" "users" {
  count = var.with_users ? 1 : 0

  provider     = aws.workload
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.dynamodb.arn
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

  resources = concat([aws_db_instance.orders.arn], aws_dynamodb_table.users[*].arn)
}
