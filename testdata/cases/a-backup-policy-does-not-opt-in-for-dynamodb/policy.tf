resource "aws_organizations_organization" "this" {
  feature_set = "ALL"
}

resource "aws_backup_region_settings" "management" {
  resource_type_opt_in_preference = { # undecided: [service-not-opted-in]
    "DynamoDB" = false
    "EFS"      = true
  }
}

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
              "arn:aws:backup:eu-central-1:222222222222:backup-vault:central" = {
                target_backup_vault_arn = { "@@assign" = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central" }
              }
            }
          }
        }

        selections = {
          resources = {
            tables = {
              iam_role_arn   = { "@@assign" = "arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole" }
              resource_types = { "@@assign" = ["arn:aws:dynamodb:*:*:table/*"] }
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
