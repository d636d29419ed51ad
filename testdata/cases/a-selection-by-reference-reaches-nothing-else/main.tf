provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}

resource "aws_db_instance" "orders" {
  engine         = "postgres"
  instance_class = "db.t4g.micro"
}

# Has no identifier either, and is another database.
resource "aws_db_instance" "scratch" {
  engine         = "postgres"
  instance_class = "db.t4g.micro"
}

resource "aws_fsx_ontap_file_system" "files" { # error: [source-key-aws-managed]
  storage_capacity    = 1024
  deployment_type     = "SINGLE_AZ_1"
  throughput_capacity = 128
  subnet_ids          = ["subnet-1"]
  preferred_subnet_id = "subnet-1"
}

resource "aws_fsx_ontap_storage_virtual_machine" "svm" {
  file_system_id = aws_fsx_ontap_file_system.files.id
  name           = "svm"
}

resource "aws_fsx_ontap_volume" "home" {
  name                       = "home"
  storage_virtual_machine_id = aws_fsx_ontap_storage_virtual_machine.svm.id
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
      destination_vault_arn = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central" # undecided: [destination-vault-access-missing]
    }
  }
}

resource "aws_backup_selection" "daily" {
  name         = "daily"
  plan_id      = aws_backup_plan.daily.id
  iam_role_arn = "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole"
  resources    = [aws_db_instance.orders.arn, "arn:aws:fsx:eu-central-1:111111111111:volume/*"]
}

# undecided at main.tf:47: [destination-vault-key-aws-managed]
