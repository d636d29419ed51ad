variable "trusted" {
  type = string
}

resource "aws_dynamodb_table" "users" {
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_dynamodb_table" "orders" {
  name         = "orders"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_dynamodb_table" "invoices" {
  name         = "invoices"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_iam_role" "managed" { # undecided: [backup-role-cannot-copy]
  name = "managed"

  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "backup.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}

resource "aws_iam_role_policy_attachment" "managed" {
  role       = aws_iam_role.managed.name
  policy_arn = "arn:aws:iam::111111111111:policy/made-by-hand"
}

resource "aws_iam_role" "trusting" {
  name = "trusting"

  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = var.trusted }, Action = "sts:AssumeRole" }] }) # undecided: [backup-role-not-assumable]
}

resource "aws_iam_role_policy_attachment" "trusting" {
  role       = aws_iam_role.trusting.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = aws_iam_role.managed.arn
  resources    = [aws_dynamodb_table.users.arn]
}

resource "aws_backup_plan" "weekly" {
  name = "weekly"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "weekly" {
  name         = "weekly"
  plan_id      = aws_backup_plan.weekly.id
  iam_role_arn = aws_iam_role.trusting.arn
  resources    = [aws_dynamodb_table.orders.arn]
}

resource "aws_backup_plan" "monthly" {
  name = "monthly"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "monthly" {
  name         = "monthly"
  plan_id      = aws_backup_plan.monthly.id
  iam_role_arn = "arn:aws:iam::111111111111:role/made-by-hand" # undecided: [backup-role-not-assumable]
  resources    = [aws_dynamodb_table.invoices.arn]
}
