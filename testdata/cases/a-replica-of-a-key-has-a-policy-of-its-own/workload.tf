resource "aws_kms_key" "primary" {
  description  = "encrypts the data"
  multi_region = true

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

resource "aws_kms_replica_key" "unshared" { # error: [source-key-not-shared]
  provider        = aws.ireland
  description     = "encrypts the data"
  primary_key_arn = aws_kms_key.primary.arn
}

resource "aws_kms_replica_key" "shared" {
  provider        = aws.ireland
  description     = "encrypts the data"
  primary_key_arn = aws_kms_key.primary.arn

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

resource "aws_db_instance" "home" {
  identifier        = "home"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.primary.arn
}

resource "aws_db_instance" "unshared" {
  provider          = aws.ireland
  identifier        = "unshared"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_replica_key.unshared.arn
}

resource "aws_db_instance" "shared" {
  provider          = aws.ireland
  identifier        = "shared"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_replica_key.shared.arn
}

resource "aws_db_instance" "primary" {
  provider          = aws.ireland
  identifier        = "primary"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.primary.arn # error: [source-key-unusable]
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_vault" "ireland" {
  provider = aws.ireland
  name     = "local"
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
  resources    = [aws_db_instance.home.arn]
}

resource "aws_backup_plan" "ireland" {
  provider = aws.ireland
  name     = "ireland"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.ireland.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "ireland" {
  provider     = aws.ireland
  name         = "ireland"
  plan_id      = aws_backup_plan.ireland.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.unshared.arn, aws_db_instance.shared.arn, aws_db_instance.primary.arn]
}
