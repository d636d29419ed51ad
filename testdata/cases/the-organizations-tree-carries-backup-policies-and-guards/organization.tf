resource "aws_organizations_organization" "this" {
  feature_set          = "ALL"
  enabled_policy_types = ["BACKUP_POLICY", "SERVICE_CONTROL_POLICY"]
}

resource "aws_organizations_organizational_unit" "workloads" {
  name      = "workloads"
  parent_id = aws_organizations_organization.this.roots[0].id
}

resource "aws_organizations_organizational_unit" "guarded" {
  name      = "guarded"
  parent_id = aws_organizations_organizational_unit.workloads.id
}

resource "aws_organizations_account" "workload" {
  name      = "workload"
  email     = "workload@example.com"
  parent_id = aws_organizations_organizational_unit.workloads.id
}

resource "aws_organizations_account" "guarded" {
  name      = "guarded"
  email     = "guarded@example.com"
  parent_id = aws_organizations_organizational_unit.guarded.id
}

resource "aws_organizations_account" "central" {
  name  = "central"
  email = "central@example.com"
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
          tags = {
            tagged = {
              iam_role_arn = { "@@assign" = "arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole" }
              tag_key      = { "@@assign" = "backup" }
              tag_value    = { "@@assign" = ["daily"] }
            }
          }
        }
      }
    }
  })
}

resource "aws_organizations_policy_attachment" "backup" {
  policy_id = aws_organizations_policy.backup.id
  target_id = aws_organizations_organizational_unit.workloads.id
}

resource "aws_organizations_policy" "no_copies_out" {
  name = "no-copies-out"

  content = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { # error: [copy-denied-by-organization-policy]
        Sid      = "CopiesStayHere"
        Effect   = "Deny"
        Action   = "backup:CopyFromBackupVault"
        Resource = "*"
        Condition = {
          "ForAllValues:ArnNotLike" = { "backup:CopyTargets" = "arn:aws:backup:*:444444444444:backup-vault:*" }
        }
      },
    ]
  })
}

resource "aws_organizations_policy_attachment" "no_copies_out" {
  policy_id = aws_organizations_policy.no_copies_out.id
  target_id = aws_organizations_organizational_unit.guarded.id
}
