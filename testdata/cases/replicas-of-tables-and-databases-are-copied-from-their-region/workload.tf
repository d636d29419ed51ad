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

resource "aws_kms_key" "ireland" {
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

resource "aws_dynamodb_table" "users" {
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  replica {
    region_name    = "eu-west-1"
    propagate_tags = true
  }

  tags = { backup = "daily" }
}

resource "aws_db_instance" "orders" {
  identifier        = "orders"
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.data.arn
}

resource "aws_db_instance" "plain" {
  identifier = "plain"
  engine     = "postgres"
}

resource "aws_db_instance" "legacy" {
  identifier        = "legacy"
  engine            = "postgres"
  storage_encrypted = true
}

resource "aws_db_instance" "orders_ireland" {
  provider            = aws.ireland
  identifier          = "orders"
  replicate_source_db = aws_db_instance.orders.arn
  kms_key_id          = aws_kms_key.ireland.arn
  tags                = { backup = "daily" }
}

resource "aws_db_instance" "plain_ireland" {
  provider            = aws.ireland
  identifier          = "plain"
  replicate_source_db = aws_db_instance.plain.arn
  tags                = { backup = "daily" }
}

resource "aws_db_instance" "legacy_ireland" {
  provider            = aws.ireland
  identifier          = "legacy"
  replicate_source_db = aws_db_instance.legacy.arn # undecided: [source-key-aws-managed]
  tags                = { backup = "daily" }
}

resource "aws_db_instance" "same_region" {
  provider            = aws.ireland
  identifier          = "same-region"
  replicate_source_db = aws_db_instance.orders_ireland.identifier
  tags                = { backup = "daily" }
}

resource "aws_backup_vault" "ireland" {
  provider = aws.ireland
  name     = "local"
}

resource "aws_backup_plan" "ireland" {
  provider = aws.ireland
  name     = "ireland"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.ireland.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "ireland" {
  provider     = aws.ireland
  name         = "ireland"
  plan_id      = aws_backup_plan.ireland.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"

  selection_tag {
    type  = "STRINGEQUALS"
    key   = "backup"
    value = "daily"
  }
}
