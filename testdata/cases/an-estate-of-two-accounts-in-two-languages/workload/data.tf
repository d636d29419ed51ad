data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "data_key" {
  statement {
    sid       = "OwnAccount"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }

  statement {
    sid       = "BackupAccount"
    actions   = ["kms:DescribeKey", "kms:CreateGrant", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:ListGrants"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.backup_account}:root"]
    }
  }
}

resource "aws_kms_key" "data" {
  description = "encrypts what leaves the account"
  policy      = data.aws_iam_policy_document.data_key.json
}

resource "aws_kms_alias" "data" {
  name          = "alias/orders-data"
  target_key_id = aws_kms_key.data.key_id
}

module "orders" {
  source  = "./modules/database"
  name    = "orders"
  kms_key = aws_kms_key.data.arn
}

module "invoices" {
  source = "./modules/database"
  name   = "invoices"
}

resource "aws_dynamodb_table" "users" {
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  tags = {
    backup = "daily"
  }
}

resource "aws_efs_file_system" "documents" {
  creation_token = "documents"

  tags = {
    backup = "daily"
  }
}

resource "aws_ebs_volume" "search" {
  availability_zone = "eu-central-1a"
  size              = 40
  encrypted         = true
  kms_key_id        = aws_kms_alias.data.target_key_arn

  tags = {
    backup = "daily"
  }
}
