variable "name" {
  type = string
}

variable "key" {
  type = string
}

variable "destinations" {
  type = map(string)
}

variable "retention" {
  type    = number
  default = 7
}

data "aws_caller_identity" "current" {}

resource "aws_efs_file_system" "files" {
  creation_token = var.name
  encrypted      = true
  kms_key_id     = var.key
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
      delete_after = var.retention
    }

    dynamic "copy_action" {
      for_each = var.destinations

      content {
        destination_vault_arn = copy_action.value
      }
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_efs_file_system.files.arn]
}
