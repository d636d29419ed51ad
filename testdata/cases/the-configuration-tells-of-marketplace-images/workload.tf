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

data "aws_ami" "linux" {
  owners      = ["amazon"]
  most_recent = true
}

resource "aws_instance" "web" {
  ami           = data.aws_ami.linux.id
  instance_type = "t3.micro"

  root_block_device {
    encrypted  = true
    kms_key_id = aws_kms_key.data.arn
  }
}

resource "aws_instance" "appliance" { # undecided: [copy-unsupported]
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.micro"

  root_block_device {
    encrypted  = true
    kms_key_id = aws_kms_key.data.arn
  }
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
  resources    = [aws_instance.web.arn, aws_instance.appliance.arn]
}
