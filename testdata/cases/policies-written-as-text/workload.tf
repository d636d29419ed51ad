locals {
  own     = "111111111111"
  central = "222222222222"
}

# The statement is at fault, wherever the text of the policy lies.
resource "aws_kms_key" "in_the_code" {
  policy = <<-POLICY
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Principal": { "AWS": "arn:aws:iam::${local.own}:root" },
          "Action": "kms:*",
          "Resource": "*"
        },
        {
          "Sid": "BackupAccount",
          "Effect": "Allow",
          "Principal": { "AWS": "arn:aws:iam::${local.central}:root" },
          "Action": ["kms:DescribeKey", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
          "Resource": "*"
        }
      ]
    }
  POLICY
}
# error at workload.tf:18: [source-key-share-incomplete]

resource "aws_kms_key" "in_a_file" {
  policy = file("${path.module}/policy.json")
}
# error at policy.json:11: [source-key-share-incomplete]

resource "aws_kms_key" "in_a_template" {
  policy = templatefile("${path.module}/policy.json.tftpl", { own = local.own, accounts = [local.central] })
}
# error at policy.json.tftpl:6: [source-key-share-incomplete]

resource "aws_db_instance" "in_the_code" {
  identifier        = "in-the-code"
  engine            = "postgres"
  instance_class    = "db.t4g.micro"
  allocated_storage = 20
  storage_encrypted = true
  kms_key_id        = aws_kms_key.in_the_code.arn
}

resource "aws_db_instance" "in_a_file" {
  identifier        = "in-a-file"
  engine            = "postgres"
  instance_class    = "db.t4g.micro"
  allocated_storage = 20
  storage_encrypted = true
  kms_key_id        = aws_kms_key.in_a_file.arn
}

resource "aws_db_instance" "in_a_template" {
  identifier        = "in-a-template"
  engine            = "postgres"
  instance_class    = "db.t4g.micro"
  allocated_storage = 20
  storage_encrypted = true
  kms_key_id        = aws_kms_key.in_a_template.arn
}

resource "aws_backup_vault" "local" {
  name = "local"
}

resource "aws_backup_plan" "daily" {
  name = "daily"

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.local.name
    schedule          = "cron(0 5 * * ? *)"

    copy_action {
      destination_vault_arn = aws_backup_vault.central.arn
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.in_the_code.arn, aws_db_instance.in_a_file.arn, aws_db_instance.in_a_template.arn]
}
