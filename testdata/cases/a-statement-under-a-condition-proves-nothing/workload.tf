variable "environment" { # undecided: [source-key-not-shared]
  type = string
}

data "aws_iam_policy_document" "rds" {
  provider = aws.workload

  statement {
    sid       = "OwnAccount"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }
  }

  dynamic "statement" {
    for_each = var.environment == "production" ? [1] : []

    content {
      sid       = "CentralBackup"
      actions   = ["kms:CreateGrant", "kms:DescribeKey"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = ["arn:aws:iam::222222222222:root"]
      }
    }
  }
}

resource "aws_kms_key" "rds" {
  provider = aws.workload
  policy   = data.aws_iam_policy_document.rds.json
}

resource "aws_db_instance" "orders" {
  provider                    = aws.workload
  identifier                  = "orders"
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "orders"
  manage_master_user_password = true

  storage_encrypted = true
  kms_key_id        = aws_kms_key.rds.arn
}

resource "aws_backup_vault" "source" {
  provider = aws.workload
  name     = "source"
}

resource "aws_backup_plan" "daily" {
  provider = aws.workload
  name     = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.source.name

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "everything" {
  provider     = aws.workload
  name         = "everything"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.orders.arn]
}
