resource "aws_db_instance" "both" {
  identifier        = "both"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.both.arn
}

resource "aws_db_instance" "source" {
  identifier        = "source"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.source.arn
}

resource "aws_db_instance" "target" {
  identifier        = "target"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.target.arn
}


resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.both.arn, aws_db_instance.source.arn, aws_db_instance.target.arn]
}
