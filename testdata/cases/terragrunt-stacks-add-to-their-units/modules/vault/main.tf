variable "name" {
  type = string
}

variable "admit" {
  type = list(string)
}

resource "aws_kms_key" "this" {
  description = "encrypts the vault"
}

resource "aws_backup_vault" "this" {
  name        = var.name
  kms_key_arn = aws_kms_key.this.arn
}

resource "aws_backup_vault_policy" "this" {
  backup_vault_name = aws_backup_vault.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = [for account in var.admit : "arn:aws:iam::${account}:root"] }
        Action    = "backup:CopyIntoBackupVault"
        Resource  = "*"
      },
    ]
  })
}

output "arn" {
  value = aws_backup_vault.this.arn
}
