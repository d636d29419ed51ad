variable "enabled" {
  type = bool
}

resource "aws_kms_key" "shared" {
  provider    = aws.keys
  description = "encrypts the data"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::333333333333:root" }
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

resource "aws_kms_key" "kept" {
  provider    = aws.keys
  description = "encrypts the data"

  policy = jsonencode({ # error: [destination-key-unusable]
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::333333333333:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_key" "ireland" {
  provider    = aws.ireland
  description = "encrypts the data"
}

resource "aws_kms_key" "disabled" {
  provider    = aws.central
  description = "encrypts the data"
  is_enabled  = false # error: [destination-key-unusable]
}

resource "aws_kms_key" "perhaps" {
  provider    = aws.central
  description = "encrypts the data"
  is_enabled  = var.enabled # undecided: [destination-key-unusable]
}

resource "aws_kms_key" "central" {
  provider    = aws.central
  description = "encrypts the data"
}

resource "aws_backup_vault" "shared" {
  provider    = aws.central
  name        = "shared"
  kms_key_arn = aws_kms_key.shared.arn
}

resource "aws_backup_vault_policy" "shared" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.shared.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
    }]
  })
}

resource "aws_backup_vault" "kept" {
  provider    = aws.central
  name        = "kept"
  kms_key_arn = aws_kms_key.kept.arn
}

resource "aws_backup_vault_policy" "kept" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.kept.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
    }]
  })
}

resource "aws_backup_vault" "ireland" {
  provider    = aws.central
  name        = "ireland"
  kms_key_arn = aws_kms_key.ireland.arn # error: [destination-key-unusable]
}

resource "aws_backup_vault_policy" "ireland" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.ireland.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
    }]
  })
}

resource "aws_backup_vault" "disabled" {
  provider    = aws.central
  name        = "disabled"
  kms_key_arn = aws_kms_key.disabled.arn
}

resource "aws_backup_vault_policy" "disabled" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.disabled.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
    }]
  })
}

resource "aws_backup_vault" "perhaps" {
  provider    = aws.central
  name        = "perhaps"
  kms_key_arn = aws_kms_key.perhaps.arn
}

resource "aws_backup_vault_policy" "perhaps" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.perhaps.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
    }]
  })
}

resource "aws_backup_vault" "central" {
  provider    = aws.central
  name        = "central"
  kms_key_arn = aws_kms_key.central.arn
}

resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
    }]
  })
}
