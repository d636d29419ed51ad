provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "central"
  region              = "eu-central-1"
  allowed_account_ids = ["222222222222"]
}

variable "names" {
  type    = map(object({ size = number, tags = optional(map(string), {}) }))
  default = { a = { size = 1 }, b = { size = 2, tags = { Backup = "yes" } } }
}

variable "open" {
  type = string
}

variable "secret" {
  type      = string
  default   = "hidden"
  sensitive = true
}

locals {
  list = [1, 2.5, "three", null, true]
  tree = { a = { b = [{ c = 1 }, { c = 2 }] } }
}

resource "aws_kms_key" "shared" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "kms:*", Resource = "*" },
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::222222222222:root" }, Action = ["kms:Decrypt", "kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey*", "kms:ReEncrypt*"], Resource = "*" },
    ]
  })
}

resource "aws_db_instance" "orders" {
  for_each          = var.names
  identifier        = each.key
  engine            = "postgres"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.shared.arn
  tags              = { Backup = "yes" }
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_kms_key" "central" {
  provider = aws.central
}

resource "aws_backup_vault" "central" {
  provider    = aws.central
  name        = "central"
  kms_key_arn = aws_kms_key.central.arn
}

resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "backup:CopyIntoBackupVault", Resource = "*" }] })
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
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  selection_tag {
    type  = "STRINGEQUALS"
    key   = "Backup"
    value = "yes"
  }
}
