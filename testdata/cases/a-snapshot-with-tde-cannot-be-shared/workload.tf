resource "aws_kms_key" "data" {
  description = "encrypts the data"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "BackupAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_db_option_group" "secure" {
  name                 = "secure"
  engine_name          = "oracle-ee"
  major_engine_version = "19"

  option {
    option_name = "TDE" # error: [rds-option-group]
  }
}

resource "aws_db_option_group" "plain" {
  name                 = "plain"
  engine_name          = "oracle-ee"
  major_engine_version = "19"

  option {
    option_name = "STATSPACK"
  }
}

resource "aws_db_instance" "secure" {
  identifier        = "secure"
  engine            = "oracle-ee"
  option_group_name = aws_db_option_group.secure.name
  storage_encrypted = true
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_db_instance" "plain" {
  identifier        = "plain"
  engine            = "oracle-ee"
  option_group_name = aws_db_option_group.plain.name
  storage_encrypted = true
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name
    schedule          = "cron(0 5 * * ? *)"

    lifecycle {
      delete_after = 35
    }

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.secure.arn, aws_db_instance.plain.arn]
}
