locals {
  role = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  forms = toset([
    "any-of-these-tags", "all-of-these-conditions", "like-and-not-like", "all-but", "types", "service",
    "arn-or-tag", "everything", "default-tags", "elsewhere", "not-declared",
  ])
}

resource "aws_backup_plan" "this" {
  for_each = local.forms
  name     = each.key

  rule {
    rule_name         = "copied"
    target_vault_name = aws_backup_vault.near.name

    copy_action {
      destination_vault_arn = aws_backup_vault.far.arn # undecided: [copy-never-runs]
    }
  }
}

# Orders and shared: one of the tags is enough, and `Daily` is not `daily`.
resource "aws_backup_selection" "any_of_these_tags" {
  name         = "any-of-these-tags"
  plan_id      = aws_backup_plan.this["any-of-these-tags"].id
  iam_role_arn = local.role

  selection_tag {
    type  = "STRINGEQUALS"
    key   = "backup"
    value = "daily"
  }

  selection_tag {
    type  = "STRINGEQUALS"
    key   = "backup"
    value = "weekly"
  }
}

# Orders alone: all conditions must hold.
resource "aws_backup_selection" "all_of_these_conditions" {
  name         = "all-of-these-conditions"
  plan_id      = aws_backup_plan.this["all-of-these-conditions"].id
  iam_role_arn = local.role
  resources    = ["*"]

  condition {
    string_equals {
      key   = "aws:ResourceTag/backup"
      value = "daily"
    }

    string_equals {
      key   = "aws:ResourceTag/stage"
      value = "prod"
    }
  }
}

# Shared alone: orders is `prod`, sessions does not end in `prod`, and reports has no stage.
resource "aws_backup_selection" "like_and_not_like" {
  name         = "like-and-not-like"
  plan_id      = aws_backup_plan.this["like-and-not-like"].id
  iam_role_arn = local.role
  resources    = ["*"]

  condition {
    string_like {
      key   = "aws:ResourceTag/stage"
      value = "*prod"
    }

    string_not_equals {
      key   = "aws:ResourceTag/stage"
      value = "prod"
    }

    string_not_like {
      key   = "aws:ResourceTag/backup"
      value = "dai*"
    }
  }
}

# Shared and reports: tables are excluded.
resource "aws_backup_selection" "all_but" {
  name          = "all-but"
  plan_id       = aws_backup_plan.this["all-but"].id
  iam_role_arn  = local.role
  resources     = ["*"]
  not_resources = ["arn:aws:dynamodb:*:*:table/*"]
}

# Sessions and shared.
resource "aws_backup_selection" "types" {
  name         = "types"
  plan_id      = aws_backup_plan.this["types"].id
  iam_role_arn = local.role
  resources    = ["arn:aws:elasticfilesystem:*:*:file-system/*", "arn:aws:dynamodb:*:*:table/sess*"]
}

# Orders and sessions, as far as DynamoDB is opted in.
resource "aws_backup_selection" "service" {
  name         = "service"
  plan_id      = aws_backup_plan.this["service"].id
  iam_role_arn = local.role
  resources    = ["arn:aws:dynamodb:*"]
}

# Orders by its tag, sessions by its ARN.
resource "aws_backup_selection" "arn_or_tag" {
  name         = "arn-or-tag"
  plan_id      = aws_backup_plan.this["arn-or-tag"].id
  iam_role_arn = local.role
  resources    = [aws_dynamodb_table.sessions.arn]

  selection_tag {
    type  = "STRINGEQUALS"
    key   = "backup"
    value = "daily"
  }
}

# All four of this Region.
resource "aws_backup_selection" "everything" {
  name         = "everything"
  plan_id      = aws_backup_plan.this["everything"].id
  iam_role_arn = local.role
}

# All four: the provider gives the tag.
resource "aws_backup_selection" "default_tags" {
  name         = "default-tags"
  plan_id      = aws_backup_plan.this["default-tags"].id
  iam_role_arn = local.role

  selection_tag {
    type  = "STRINGEQUALS"
    key   = "team"
    value = "payments"
  }
}

# A plan backs up its own Region only.
resource "aws_backup_selection" "elsewhere" {
  name         = "elsewhere"
  plan_id      = aws_backup_plan.this["elsewhere"].id
  iam_role_arn = local.role
  resources    = ["arn:aws:dynamodb:eu-west-1:111111111111:table/archive"]
}

# A table that no code at hand declares.
resource "aws_backup_selection" "not_declared" {
  name         = "not-declared"
  plan_id      = aws_backup_plan.this["not-declared"].id
  iam_role_arn = local.role
  resources    = ["arn:aws:dynamodb:eu-central-1:111111111111:table/archive"]
}
