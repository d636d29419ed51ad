resource "aws_kms_key" "own_role" {
  description = "names the service-linked role of the key's own account"

  policy = jsonencode({ # error: [source-key-not-shared]
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
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_db_instance" "own_role" {
  identifier                  = "own-role"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.own_role.arn
}

resource "aws_kms_key" "service" {
  description = "names the service"

  policy = jsonencode({ # error: [source-key-not-shared]
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
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { Service = "backup.amazonaws.com" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_db_instance" "service" {
  identifier                  = "service"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.service.arn
}

resource "aws_kms_key" "default_role" {
  description = "names the role that the destination backs up with"

  policy = jsonencode({ # error: [source-key-not-shared]
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
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:role/service-role/AWSBackupDefaultServiceRole" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_db_instance" "default_role" {
  identifier                  = "default-role"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.default_role.arn
}

resource "aws_kms_key" "read_only" {
  description = "lets the data be read, but no grant be made"

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
      { # error: [source-key-share-incomplete]
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:Decrypt"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_db_instance" "read_only" {
  identifier                  = "read-only"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.read_only.arn
}

resource "aws_kms_key" "grants_only" {
  description = "asks of every action what only grants carry"

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
      { # error: [source-key-share-condition]
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}

resource "aws_db_instance" "grants_only" {
  identifier                  = "grants-only"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.grants_only.arn
}

resource "aws_kms_key" "elsewhere" {
  description = "names another Region"

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
        Sid       = "Reads"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = "kms:DescribeKey"
        Resource  = "*"
      },
      { # error: [source-key-share-condition]
        Sid       = "Grants"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = "kms:CreateGrant"
        Resource  = "*"
        Condition = { StringEquals = { "kms:ViaService" = "rds.us-east-1.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_db_instance" "elsewhere" {
  identifier                  = "elsewhere"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.elsewhere.arn
}

resource "aws_kms_key" "wildcard" {
  description = "compares with a wildcard by letters"

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
        Sid       = "Reads"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = "kms:DescribeKey"
        Resource  = "*"
      },
      { # error: [source-key-share-condition]
        Sid       = "Grants"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = "kms:CreateGrant"
        Resource  = "*"
        Condition = { StringEquals = { "kms:ViaService" = "rds.*.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_db_instance" "wildcard" {
  identifier                  = "wildcard"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.wildcard.arn
}

resource "aws_kms_key" "endpoint" {
  description = "denies what does not come through an endpoint"

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
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
        Resource  = "*"
      },
      { # error: [source-key-denied]
        Sid       = "ThroughTheEndpoint"
        Effect    = "Deny"
        Principal = "*"
        Action    = "kms:*"
        Resource  = "*"
        Condition = { StringNotEqualsIfExists = { "aws:SourceVpce" = "vpce-0123456789abcdef0" } }
      },
    ]
  })
}

resource "aws_db_instance" "endpoint" {
  identifier                  = "endpoint"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.endpoint.arn
}

resource "aws_kms_key" "second_factor" {
  description = "denies what comes without a second factor"

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
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
        Resource  = "*"
      },
      { # error: [source-key-denied]
        Sid       = "SecondFactor"
        Effect    = "Deny"
        Principal = "*"
        Action    = "kms:*"
        Resource  = "*"
        Condition = { BoolIfExists = { "aws:MultiFactorAuthPresent" = "false" } }
      },
    ]
  })
}

resource "aws_db_instance" "second_factor" {
  identifier                  = "second-factor"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.second_factor.arn
}

resource "aws_kms_key" "source_account" {
  description = "asks for a key that only services carry"

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
      { # error: [source-key-share-condition]
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = "222222222222" } }
      },
    ]
  })
}

resource "aws_db_instance" "source_account" {
  identifier                  = "source-account"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.source_account.arn
}

resource "aws_kms_key" "deleted_role" {
  description = "names a role by its id"

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
      { # undecided: [source-key-not-shared]
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "AROAEXAMPLEEXAMPLE234" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_db_instance" "deleted_role" {
  identifier                  = "deleted-role"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.deleted_role.arn
}

resource "aws_kms_key" "no_resource" {
  description = "has a statement without Resource"

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
      { # error: [source-key-share-condition]
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
      },
    ]
  })
}

resource "aws_db_instance" "no_resource" {
  identifier                  = "no-resource"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.no_resource.arn
}

resource "aws_kms_key" "operator" {
  description = "has an operator that does not exist"

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
      { # undecided: [source-key-not-shared]
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
        Resource  = "*"
        Condition = { StringEqual = { "aws:PrincipalAccount" = "222222222222" } }
      },
    ]
  })
}

resource "aws_db_instance" "operator" {
  identifier                  = "operator"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.operator.arn
}

resource "aws_kms_key" "enough" {
  description = "asks of grants alone what only grants carry"

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
        Sid       = "Reads"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = "kms:DescribeKey"
        Resource  = "*"
      },
      {
        Sid       = "Grants"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = "kms:CreateGrant"
        Resource  = "*"
        Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
      },
    ]
  })
}

resource "aws_db_instance" "enough" {
  identifier                  = "enough"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.enough.arn
}

resource "aws_kms_key" "version" {
  description = "has a variable, and no Version"

  policy = jsonencode({
    Statement = [
      {
        Sid       = "OwnAccount"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::111111111111:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      { # error: [source-key-share-condition]
        Sid       = "Backup"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:DescribeKey", "kms:CreateGrant"]
        Resource  = "*"
        Condition = { StringEquals = { "kms:CallerAccount" = "$${aws:PrincipalAccount}" } }
      },
    ]
  })
}

resource "aws_db_instance" "version" {
  identifier                  = "version"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = aws_kms_key.version.arn
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

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources = [
    aws_db_instance.own_role.arn,
    aws_db_instance.service.arn,
    aws_db_instance.default_role.arn,
    aws_db_instance.read_only.arn,
    aws_db_instance.grants_only.arn,
    aws_db_instance.elsewhere.arn,
    aws_db_instance.wildcard.arn,
    aws_db_instance.endpoint.arn,
    aws_db_instance.second_factor.arn,
    aws_db_instance.source_account.arn,
    aws_db_instance.deleted_role.arn,
    aws_db_instance.no_resource.arn,
    aws_db_instance.operator.arn,
    aws_db_instance.enough.arn,
    aws_db_instance.version.arn,
  ]
}
