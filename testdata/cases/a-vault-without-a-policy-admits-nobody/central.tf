resource "aws_kms_key" "central" {
  provider    = aws.central
  description = "encrypts the central vault"
}

resource "aws_backup_vault" "central" { # error: [destination-vault-access-missing]
  provider    = aws.central
  name        = "central"
  kms_key_arn = aws_kms_key.central.arn
}
