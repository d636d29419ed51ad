provider "aws" {
  alias               = "listed"
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "open"
  region              = "eu-central-1"
  allowed_account_ids = ["444444444444"]
}

provider "aws" {
  alias               = "central"
  region              = "eu-central-1"
  allowed_account_ids = ["222222222222"]
}

resource "aws_dynamodb_table" "listed" {
  provider = aws.listed
  name     = "listed"
}

resource "aws_backup_vault" "listed" {
  provider = aws.listed
  name     = "local"
}

resource "aws_backup_plan" "listed" {
  provider = aws.listed
  name     = "listed"

  rule {
    rule_name         = "copied"
    target_vault_name = aws_backup_vault.listed.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "listed" {
  provider     = aws.listed
  name         = "listed"
  plan_id      = aws_backup_plan.listed.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_dynamodb_table.listed.arn]
}

resource "aws_dynamodb_table" "open" {
  provider = aws.open
  name     = "open"
}

resource "aws_backup_vault" "open" {
  provider = aws.open
  name     = "local"
}

resource "aws_backup_plan" "open" {
  provider = aws.open
  name     = "open"

  rule {
    rule_name         = "copied"
    target_vault_name = aws_backup_vault.open.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "open" {
  provider     = aws.open
  name         = "open"
  plan_id      = aws_backup_plan.open.id
  iam_role_arn = "arn:aws:iam::444444444444:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_dynamodb_table.open.arn]
}

resource "aws_backup_vault" "central" {
  provider = aws.central
  name     = "central"
}

resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
      Condition = {
        "ForAnyValue:StringLike" = { "aws:PrincipalOrgPaths" = ["o-a1b2c3d4e5/r-ab12/*"] }
      }
    }]
  })
}
