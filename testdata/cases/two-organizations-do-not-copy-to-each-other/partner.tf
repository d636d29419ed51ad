resource "aws_organizations_organization" "partner" { # error: [different-organizations]
  provider    = aws.other
  feature_set = "ALL"
}

resource "aws_backup_vault" "partner" {
  provider = aws.other
  name     = "partner"
}

resource "aws_backup_vault_policy" "partner" {
  provider          = aws.other
  backup_vault_name = aws_backup_vault.partner.name

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
