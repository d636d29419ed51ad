resource "aws_kms_key" "central" {
  provider    = aws.central
  description = "encrypts the central vault"
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
