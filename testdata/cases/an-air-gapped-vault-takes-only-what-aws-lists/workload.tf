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

resource "aws_efs_file_system" "documents" {
  encrypted = true
}

resource "aws_db_instance" "orders" { # error: [air-gapped-vault-unsupported]
  identifier        = "orders"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_docdb_cluster" "invoices" { # error: [air-gapped-vault-unsupported]
  cluster_identifier = "invoices"
  storage_encrypted  = false
}

resource "aws_rds_cluster" "reports" { # undecided: [air-gapped-vault-unsupported]
  cluster_identifier = "reports"
  engine             = "aurora-postgresql"
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
      destination_vault_arn = aws_backup_logically_air_gapped_vault.isolated.arn

      lifecycle {
        delete_after = 35
      }
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_efs_file_system.documents.arn, aws_db_instance.orders.arn, aws_docdb_cluster.invoices.arn, aws_rds_cluster.reports.arn]
}

# undecided at workload.tf:39: [source-key-aws-managed]
