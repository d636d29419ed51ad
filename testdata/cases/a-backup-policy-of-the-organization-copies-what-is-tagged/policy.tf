locals {
  retention = { daily = 35, monthly = 366 }
}

resource "aws_organizations_policy" "backup" {
  name = "backup"
  type = "BACKUP_POLICY"

  content = jsonencode({
    plans = {
      for name, days in local.retention : name => {
        regions = { "@@assign" = ["eu-central-1", "eu-west-1"] }

        rules = {
          copied = {
            schedule_expression      = { "@@assign" = "cron(0 5 ? * * *)" }
            target_backup_vault_name = { "@@assign" = "local" }
            lifecycle                = { delete_after_days = { "@@assign" = tostring(days) } }

            copy_actions = {
              "arn:aws:backup:eu-central-1:222222222222:backup-vault:central" = {
                target_backup_vault_arn = { "@@assign" = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central" } # undecided: [copy-never-runs]
              }
            }
          }
        }

        selections = {
          tags = {
            tagged = {
              iam_role_arn = { "@@assign" = "arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole" }
              tag_key      = { "@@assign" = "backup" }
              tag_value    = { "@@assign" = [name] }
            }
          }
        }
      }
    }
  })
}

resource "aws_organizations_policy_attachment" "workload" {
  policy_id = aws_organizations_policy.backup.id
  target_id = "111111111111"
}
