resource "aws_backup_vault" "own_account" {
  provider = aws.central
  name     = "own-account"
}

resource "aws_backup_vault_policy" "own_account" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.own_account.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { # error: [destination-vault-access-missing]
        Sid       = "Copies"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = "backup:CopyIntoBackupVault"
        Resource  = "*"
      },
    ]
  })
}

resource "aws_backup_vault" "wildcard" {
  provider = aws.central
  name     = "wildcard"
}

resource "aws_backup_vault_policy" "wildcard" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.wildcard.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { # undecided: [vault-policy-wildcard-action]
        Sid       = "Copies"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "backup:Copy*"
        Resource  = "*"
      },
    ]
  })
}

resource "aws_backup_vault" "other_vault" {
  provider = aws.central
  name     = "other-vault"
}

resource "aws_backup_vault_policy" "other_vault" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.other_vault.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { # error: [destination-vault-access-missing]
        Sid       = "Copies"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "backup:CopyIntoBackupVault"
        Resource  = "arn:aws:backup:eu-central-1:111111111111:backup-vault:other-vault"
      },
    ]
  })
}

resource "aws_backup_vault" "deleted_role" {
  provider = aws.central
  name     = "deleted-role"
}

resource "aws_backup_vault_policy" "deleted_role" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.deleted_role.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { # undecided: [destination-vault-access-missing]
        Sid       = "Copies"
        Effect    = "Allow"
        Principal = { AWS = "AROAEXAMPLEEXAMPLE234" }
        Action    = "backup:CopyIntoBackupVault"
        Resource  = "*"
      },
    ]
  })
}
