variable "enabled" {
  type = bool
}

resource "aws_kms_key" "disabled" {
  description = "encrypts the data"
  is_enabled  = false # error: [source-key-unusable]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_key" "perhaps" {
  description = "encrypts the data"
  is_enabled  = var.enabled # undecided: [source-key-unusable]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_key" "far" {
  provider    = aws.ireland
  description = "encrypts the data"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_key" "signing" {
  description = "encrypts the data"
  key_usage   = "SIGN_VERIFY" # error: [source-key-unusable]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_key" "data" {
  description = "encrypts the data"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_key" "lost" {
  description = "encrypts the data"

  policy = jsonencode({ # error: [source-key-locked-out]
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:role/administration" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_db_instance" "disabled" {
  identifier        = "disabled"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.disabled.arn
}

resource "aws_db_instance" "perhaps" {
  identifier        = "perhaps"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.perhaps.arn
}

resource "aws_db_instance" "far" {
  identifier        = "far"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.far.arn # error: [source-key-unusable]
}

resource "aws_db_instance" "signing" {
  identifier        = "signing"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.signing.arn
}

resource "aws_db_instance" "data" {
  identifier        = "data"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_db_instance" "lost" {
  identifier        = "lost"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.lost.arn
}


resource "aws_db_instance" "literal" {
  identifier        = "literal"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab" # error: [source-key-unusable]
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
  resources    = [aws_db_instance.disabled.arn, aws_db_instance.perhaps.arn, aws_db_instance.far.arn, aws_db_instance.signing.arn, aws_db_instance.data.arn, aws_db_instance.lost.arn, aws_db_instance.literal.arn]
}

# undecided at workload.tf:188: [source-key-not-shared]
