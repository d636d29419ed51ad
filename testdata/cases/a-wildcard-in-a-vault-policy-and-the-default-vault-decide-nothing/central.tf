resource "aws_backup_vault" "wide" {
  provider = aws.central
  name     = "wide"
}

resource "aws_backup_vault_policy" "wide" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.wide.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{ # undecided: [vault-policy-wildcard-action]
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = "backup:*"
      Resource  = "*"
    }]
  })
}

resource "aws_backup_vault" "default" {
  provider = aws.central
  name     = "Default"
}

resource "aws_backup_vault_policy" "default" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.default.name

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
