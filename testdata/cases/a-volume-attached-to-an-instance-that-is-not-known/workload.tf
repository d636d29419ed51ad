# Which instance gets the volume is not known: it may be the one that is copied.
variable "attach_to" {
  type = string
}

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

resource "aws_instance" "database" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.micro"

  root_block_device {
    encrypted  = true
    kms_key_id = aws_kms_key.data.arn
  }
}

resource "aws_ebs_volume" "logs" {
  availability_zone = "eu-central-1a"
  size              = 10
  encrypted         = true
}

resource "aws_volume_attachment" "logs" {
  device_name = "/dev/sdf"
  instance_id = var.attach_to # undecided: [source-key-aws-managed]
  volume_id   = aws_ebs_volume.logs.id
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
  resources    = [aws_instance.database.arn]
}
