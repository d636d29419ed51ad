resource "aws_backup_logically_air_gapped_vault" "isolated" {
  provider           = aws.central
  name               = "isolated"
  min_retention_days = 7
  max_retention_days = 365
}

resource "aws_backup_vault_policy" "isolated" {
  provider          = aws.central
  backup_vault_name = aws_backup_logically_air_gapped_vault.isolated.name

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
