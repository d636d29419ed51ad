resource "aws_organizations_policy" "backup" {
  name = "backup"
  type = "BACKUP_POLICY"

  content = jsonencode({
    plans = {
      daily = {
        regions = { "@@assign" = ["eu-central-1"] }

        rules = {
          copied = {
            target_backup_vault_name = { "@@assign" = "local" }

            copy_actions = {
              "arn:aws:backup:eu-central-1:222222222222:backup-vault:archive" = {
                target_backup_vault_arn = { "@@assign" = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central" } # error: [backup-policy-invalid]
              }
            }
          }
        }

        selections = {
          resources = {
            files = {
              iam_role_arn   = { "@@assign" = "arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole" }
              resource_types = { "@@assign" = ["arn:aws:elasticfilesystem:*:*:file-system/*"] }
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
