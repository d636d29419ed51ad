variable "environment" {
  type = string
}

locals {
  production = var.environment == "production"
}

resource "aws_efs_file_system" "files" {
  provider = aws.workload
  tags     = { backup = "daily" }
}

resource "aws_efs_file_system" "archive" {
  provider = aws.workload
  tags     = { backup = "monthly" }
}

resource "aws_backup_vault" "local" {
  provider = aws.workload
  name     = "local"
}

resource "aws_backup_vault" "central" {
  provider = aws.central
  name     = "central"
}

resource "aws_backup_vault_lock_configuration" "central" {
  provider           = aws.central
  backup_vault_name  = aws_backup_vault.central.name
  max_retention_days = 90
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
  provider = aws.workload
  name     = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn # undecided: [copy-never-runs]

      # Without it copies never expire, which the lock of the vault refuses.
      dynamic "lifecycle" {
        for_each = local.production ? [35] : []

        content {
          delete_after = lifecycle.value # undecided: [retention-outside-vault-lock]
        }
      }
    }
  }
}

resource "aws_backup_selection" "daily" {
  provider     = aws.workload
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"

  selection_tag {
    type  = "STRINGEQUALS"
    key   = "backup"
    value = "daily"
  }

  dynamic "selection_tag" {
    for_each = local.production ? ["monthly"] : []

    content {
      type  = "STRINGEQUALS"
      key   = "backup"
      value = selection_tag.value
    }
  }
}
