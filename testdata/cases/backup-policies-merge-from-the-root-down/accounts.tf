provider "aws" {
  alias               = "shop"
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "shop_ireland"
  region              = "eu-west-1"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "books"
  region              = "eu-central-1"
  allowed_account_ids = ["444444444444"]
}

provider "aws" {
  alias               = "books_ireland"
  region              = "eu-west-1"
  allowed_account_ids = ["444444444444"]
}

provider "aws" {
  alias               = "central"
  region              = "eu-central-1"
  allowed_account_ids = ["222222222222"]
}

resource "aws_dynamodb_table" "shop" {
  provider = aws.shop
  name     = "shop"
  tags     = { tier = "gold" }
}

resource "aws_dynamodb_table" "shop_ireland" {
  provider = aws.shop_ireland
  name     = "shop"
  tags     = { tier = "gold" }
}

resource "aws_dynamodb_table" "sessions" {
  provider = aws.shop
  name     = "sessions"
  tags     = { tier = "bronze" }
}

resource "aws_dynamodb_table" "books" {
  provider = aws.books
  name     = "books"
  tags     = { tier = "gold" }
}

# Nothing is made in Ireland for this account.
resource "aws_dynamodb_table" "books_ireland" {
  provider = aws.books_ireland
  name     = "books"
  tags     = { tier = "gold" }
}

# Below neither unit.
resource "aws_dynamodb_table" "central" {
  provider = aws.central
  name     = "central"
  tags     = { tier = "gold" }
}

resource "aws_backup_vault" "shop" {
  provider = aws.shop
  name     = "local"
}

resource "aws_backup_vault" "shop_ireland" {
  provider = aws.shop_ireland
  name     = "local"
}

resource "aws_backup_vault" "books" {
  provider = aws.books
  name     = "local"
}

resource "aws_backup_vault" "central" {
  provider = aws.central
  name     = "central"
}

# Accounts below Workloads, but not below Frankfurt only.
resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{ # error: [destination-vault-access-missing]
      Effect    = "Allow"
      Principal = "*"
      Action    = "backup:CopyIntoBackupVault"
      Resource  = "*"
      Condition = {
        "ForAnyValue:StringEquals" = { "aws:PrincipalOrgPaths" = ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"] }
      }
    }]
  })
}
