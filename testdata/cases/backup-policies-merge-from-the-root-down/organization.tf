provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["333333333333"]
}

data "aws_organizations_organization" "this" {}

resource "aws_organizations_organizational_unit" "workloads" {
  name      = "Workloads"
  parent_id = data.aws_organizations_organization.this.roots[0].id
}

resource "aws_organizations_organizational_unit" "frankfurt" {
  name      = "Frankfurt only"
  parent_id = aws_organizations_organizational_unit.workloads.id
}

# The plan, for all workloads.
resource "aws_organizations_policy" "all" {
  name = "all"
  type = "BACKUP_POLICY"

  content = jsonencode({
    plans = {
      Gold = {
        regions = { "@@assign" = ["eu-central-1", "eu-west-1"] }

        rules = {
          Nightly = {
            target_backup_vault_name = { "@@assign" = "local" }

            copy_actions = {
              "arn:aws:backup:eu-central-1:222222222222:backup-vault:central" = {
                target_backup_vault_arn = {
                  "@@assign"                                = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central"
                  "@@operators_allowed_for_child_policies" = ["@@none"]
                }
              }
            }
          }
        }

        selections = {
          resources = {
            everything = {
              iam_role_arn       = { "@@assign" = "arn:aws:iam::$account:role/service-role/AWSBackupDefaultServiceRole" }
              resource_types     = { "@@assign" = ["arn:aws:dynamodb:*:*:table/*", "arn:aws:rds:*:*:db:*"] }
              not_resource_types = { "@@assign" = ["arn:aws:rds:*:*:db:*"] }

              conditions = {
                string_equals = {
                  tier = {
                    condition_key   = { "@@assign" = "aws:ResourceTag/tier" }
                    condition_value = { "@@assign" = "gold" }
                  }
                }
              }
            }
          }
        }
      }
    }
  })
}

# Below: one Region less, and an attempt to copy elsewhere that the policy above forbids.
resource "aws_organizations_policy" "frankfurt" {
  name = "frankfurt"
  type = "BACKUP_POLICY"

  content = jsonencode({
    plans = {
      gold = {
        regions = { "@@remove" = ["eu-west-1"] }

        rules = {
          nightly = {
            copy_actions = {
              "arn:aws:backup:eu-central-1:222222222222:backup-vault:central" = {
                target_backup_vault_arn = { "@@assign" = "arn:aws:backup:eu-central-1:222222222222:backup-vault:other" }
              }
            }
          }
        }
      }
    }
  })
}

resource "aws_organizations_policy_attachment" "all" {
  policy_id = aws_organizations_policy.all.id
  target_id = aws_organizations_organizational_unit.workloads.id
}

resource "aws_organizations_policy_attachment" "frankfurt" {
  policy_id = aws_organizations_policy.frankfurt.id
  target_id = aws_organizations_organizational_unit.frankfurt.id
}
