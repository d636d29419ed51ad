resource "aws_kms_key" "data" {
  description = "encrypts the data"

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
        Sid       = "BackupAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_db_instance" "orders" {
  identifier        = "orders"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_db_snapshot" "orders" {
  db_instance_identifier = aws_db_instance.orders.identifier
  db_snapshot_identifier = "orders-2026"
}

resource "aws_db_instance" "restored" {
  identifier          = "restored"
  engine              = "postgres"
  snapshot_identifier = aws_db_snapshot.orders.id
}

resource "aws_db_instance" "replica" {
  identifier          = "replica"
  replicate_source_db = aws_db_instance.orders.identifier
}

resource "aws_db_instance" "legacy" {
  identifier        = "legacy"
  engine            = "postgres"
  storage_encrypted = true # error: [source-key-aws-managed]
}

resource "aws_db_instance" "legacy_replica" {
  identifier          = "legacy-replica"
  replicate_source_db = aws_db_instance.legacy.identifier
}

resource "aws_db_instance" "elsewhere" {
  identifier          = "elsewhere"
  engine              = "postgres"
  snapshot_identifier = "a-snapshot-made-by-hand" # undecided: [source-key-aws-managed]
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
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.restored.arn, aws_db_instance.replica.arn, aws_db_instance.legacy.arn, aws_db_instance.legacy_replica.arn, aws_db_instance.elsewhere.arn]
}
