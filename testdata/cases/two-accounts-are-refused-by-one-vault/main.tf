provider "aws" {
  alias               = "shop"
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}

resource "aws_efs_file_system" "shop" {
  provider = aws.shop
}

resource "aws_backup_vault" "shop" {
  provider = aws.shop
  name     = "local"
}

resource "aws_backup_plan" "shop" {
  provider = aws.shop
  name     = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.shop.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "shop" {
  provider     = aws.shop
  name         = "daily"
  plan_id      = aws_backup_plan.shop.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_efs_file_system.shop.arn]
}

provider "aws" {
  alias               = "books"
  region              = "eu-central-1"
  allowed_account_ids = ["444444444444"]
}

resource "aws_efs_file_system" "books" {
  provider = aws.books
}

resource "aws_backup_vault" "books" {
  provider = aws.books
  name     = "local"
}

resource "aws_backup_plan" "books" {
  provider = aws.books
  name     = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.books.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "books" {
  provider     = aws.books
  name         = "daily"
  plan_id      = aws_backup_plan.books.id
  iam_role_arn = "arn:aws:iam::444444444444:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_efs_file_system.books.arn]
}

provider "aws" {
  alias               = "central"
  region              = "eu-central-1"
  allowed_account_ids = ["222222222222"]
}

resource "aws_backup_vault" "central" { # error: [destination-vault-access-missing]
  provider = aws.central
  name     = "central"
}
