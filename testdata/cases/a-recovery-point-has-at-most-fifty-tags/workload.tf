resource "aws_dynamodb_table" "users" {
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    recovery_point_tags = { # undecided: [too-many-tags]
      "cost-01" = "backup"
      "cost-02" = "backup"
      "cost-03" = "backup"
      "cost-04" = "backup"
      "cost-05" = "backup"
      "cost-06" = "backup"
      "cost-07" = "backup"
      "cost-08" = "backup"
      "cost-09" = "backup"
      "cost-10" = "backup"
      "cost-11" = "backup"
      "cost-12" = "backup"
      "cost-13" = "backup"
      "cost-14" = "backup"
      "cost-15" = "backup"
      "cost-16" = "backup"
      "cost-17" = "backup"
      "cost-18" = "backup"
      "cost-19" = "backup"
      "cost-20" = "backup"
      "cost-21" = "backup"
      "cost-22" = "backup"
      "cost-23" = "backup"
      "cost-24" = "backup"
      "cost-25" = "backup"
      "cost-26" = "backup"
      "cost-27" = "backup"
      "cost-28" = "backup"
      "cost-29" = "backup"
      "cost-30" = "backup"
      "cost-31" = "backup"
      "cost-32" = "backup"
      "cost-33" = "backup"
      "cost-34" = "backup"
      "cost-35" = "backup"
      "cost-36" = "backup"
      "cost-37" = "backup"
      "cost-38" = "backup"
      "cost-39" = "backup"
      "cost-40" = "backup"
      "cost-41" = "backup"
      "cost-42" = "backup"
      "cost-43" = "backup"
      "cost-44" = "backup"
      "cost-45" = "backup"
      "cost-46" = "backup"
      "cost-47" = "backup"
      "cost-48" = "backup"
      "cost-49" = "backup"
      "cost-50" = "backup"
      "cost-51" = "backup"
    }

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_dynamodb_table.users.arn]
}

resource "aws_backup_plan" "weekly" {
  name = "weekly"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    recovery_point_tags = {
      "cost-01" = "backup"
      "cost-02" = "backup"
      "cost-03" = "backup"
      "cost-04" = "backup"
      "cost-05" = "backup"
      "cost-06" = "backup"
      "cost-07" = "backup"
      "cost-08" = "backup"
      "cost-09" = "backup"
      "cost-10" = "backup"
      "cost-11" = "backup"
      "cost-12" = "backup"
      "cost-13" = "backup"
      "cost-14" = "backup"
      "cost-15" = "backup"
      "cost-16" = "backup"
      "cost-17" = "backup"
      "cost-18" = "backup"
      "cost-19" = "backup"
      "cost-20" = "backup"
      "cost-21" = "backup"
      "cost-22" = "backup"
      "cost-23" = "backup"
      "cost-24" = "backup"
      "cost-25" = "backup"
      "cost-26" = "backup"
      "cost-27" = "backup"
      "cost-28" = "backup"
      "cost-29" = "backup"
      "cost-30" = "backup"
      "cost-31" = "backup"
      "cost-32" = "backup"
      "cost-33" = "backup"
      "cost-34" = "backup"
      "cost-35" = "backup"
      "cost-36" = "backup"
      "cost-37" = "backup"
      "cost-38" = "backup"
      "cost-39" = "backup"
      "cost-40" = "backup"
      "cost-41" = "backup"
      "cost-42" = "backup"
      "cost-43" = "backup"
      "cost-44" = "backup"
      "cost-45" = "backup"
      "cost-46" = "backup"
      "cost-47" = "backup"
      "cost-48" = "backup"
      "cost-49" = "backup"
      "cost-50" = "backup"
    }

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "weekly" {
  name         = "weekly"
  plan_id      = aws_backup_plan.weekly.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_dynamodb_table.users.arn]
}
