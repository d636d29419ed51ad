provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}

provider "aws" {
  alias               = "central"
  region              = "eu-central-1"
  allowed_account_ids = ["222222222222"]
}

resource "aws_db_instance" "bad" {
  identifier        = "=cmd|' /C calc'!A0 <ESC>[2J <RLO> <img src=x onerror=alert(1)> </script> | `x` ](javascript:alert(1)) @everyone \"]; click n0 \n::error::x %0A"
  engine            = "postgres"
  storage_encrypted = true # <ESC>[31m <RLO>
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_vault" "central" {
  provider = aws.central
  name     = "@everyone <b>central</b> | \"x\"\\"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "=1+1 | <i>r</i>\n```"
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
  resources    = [aws_db_instance.bad.arn]
}
