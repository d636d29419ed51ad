provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "central"
  region              = "eu-central-1"
  allowed_account_ids = ["222222222222"]
}

resource "aws_kms_key" "shared" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Own", Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "kms:*", Resource = "*" },
      {
        Sid       = "Central"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::222222222222:root" }
        Action    = ["kms:CreateGrant", "kms:DescribeKey", "kms:ReEncrypt*", "kms:GenerateDataKey*"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_launch_template" "shared" {
  name = "shared"

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted  = true
      kms_key_id = aws_kms_key.shared.arn
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { backup = "daily" }
  }
}

resource "aws_launch_template" "managed" {
  name = "managed"

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted = true # error: [source-key-aws-managed]
    }
  }
}

resource "aws_autoscaling_group" "web" {
  min_size = 1
  max_size = 2

  launch_template {
    id = aws_launch_template.shared.id
  }
}

resource "aws_autoscaling_group" "jobs" {
  min_size = 1
  max_size = 2

  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.managed.id
      }
    }
  }

  tag {
    key                 = "backup"
    value               = "daily"
    propagate_at_launch = true
  }
}

# The tag is the group's own, so its instances are not selected.
resource "aws_autoscaling_group" "batch" {
  min_size = 1
  max_size = 2

  launch_template {
    name = aws_launch_template.managed.name
  }

  tag {
    key                 = "backup"
    value               = "daily"
    propagate_at_launch = false
  }
}

resource "aws_ebs_encryption_by_default" "on" {
  enabled = true
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_kms_key" "central" {
  provider = aws.central
}

resource "aws_backup_vault" "central" {
  provider    = aws.central
  name        = "central"
  kms_key_arn = aws_kms_key.central.arn
}

resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
    }]
  })
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

  selection_tag {
    type  = "STRINGEQUALS"
    key   = "backup"
    value = "daily"
  }
}
