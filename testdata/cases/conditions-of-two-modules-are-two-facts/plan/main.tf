variable "enabled" {
  type = bool
}

resource "aws_backup_vault" "local" {
  name = "local"
}

# `var.enabled` is another variable here than in the module with the files: the copy may well exist.
resource "aws_backup_plan" "daily" {
  count = var.enabled ? 0 : 1
  name  = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    copy_action {
      destination_vault_arn = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central" # undecided: [destination-vault-access-missing]
    }
  }
}

resource "aws_backup_selection" "daily" {
  count        = var.enabled ? 0 : 1
  name         = "daily"
  plan_id      = aws_backup_plan.daily[0].id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"

  selection_tag {
    type  = "STRINGEQUALS"
    key   = "backup"
    value = "daily"
  }
}

# undecided at plan/main.tf:19: [copy-never-runs]
