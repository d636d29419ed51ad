resource "aws_kms_key" "far" {
  provider = aws.ireland
}

resource "aws_backup_vault" "far" {
  provider    = aws.ireland
  name        = "far"
  kms_key_arn = aws_kms_key.far.arn
}

resource "aws_backup_vault" "near" {
  name = "near"
}
