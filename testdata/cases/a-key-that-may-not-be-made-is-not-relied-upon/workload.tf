variable "team" { # undecided: [source-key-aws-managed]
  type = string
}

resource "aws_backup_vault" "source" {
  provider = aws.workload
  name     = "source"
}

resource "aws_kms_key" "rds" {
  count = startswith(var.team, "data-") ? 1 : 0

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

resource "aws_db_instance" "orders" {
  provider                    = aws.workload
  identifier                  = "orders"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true

  storage_encrypted           = true
  kms_key_id                  = try(aws_kms_key.rds[0].arn, null)
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
  resources    = [aws_db_instance.orders.arn]
}
