provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "central"
  region              = "eu-central-1"
  allowed_account_ids = ["222222222222"]
}

resource "aws_efs_file_system" "files" {
  encrypted = true
}

resource "aws_kms_key" "closed" { # error: [air-gapped-vault-unsupported]
  provider = aws.central
}

resource "aws_kms_key" "open" {
  provider = aws.central

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::222222222222:root" }, Action = "kms:*", Resource = "*" },
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "kms:*", Resource = "*" },
    ]
  })
}

locals {
  admits = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
    }]
  })
}

resource "aws_backup_logically_air_gapped_vault" "closed" {
  provider           = aws.central
  name               = "closed"
  min_retention_days = 7
  max_retention_days = 90
  encryption_key_arn = aws_kms_key.closed.arn
}

resource "aws_backup_logically_air_gapped_vault" "open" {
  provider           = aws.central
  name               = "open"
  min_retention_days = 7
  max_retention_days = 90
  encryption_key_arn = aws_kms_key.open.arn # undecided: [air-gapped-vault-unsupported]
}

resource "aws_backup_vault_policy" "closed" {
  provider          = aws.central
  backup_vault_name = aws_backup_logically_air_gapped_vault.closed.name
  policy            = local.admits
}

resource "aws_backup_vault_policy" "open" {
  provider          = aws.central
  backup_vault_name = aws_backup_logically_air_gapped_vault.open.name
  policy            = local.admits
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    lifecycle {
      delete_after = 35
    }

    copy_action {
      destination_vault_arn = aws_backup_logically_air_gapped_vault.closed.arn
    }

    copy_action {
      destination_vault_arn = aws_backup_logically_air_gapped_vault.open.arn
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_efs_file_system.files.arn]
}
