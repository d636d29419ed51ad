resource "aws_backup_vault" "local" {
  provider = aws.workload
  name     = "local"
}

resource "aws_backup_vault" "local_ireland" {
  provider = aws.workload_ireland
  name     = "local"
}

resource "aws_db_instance" "orders" {
  provider          = aws.workload
  identifier        = "orders"
  engine            = "postgres"
  instance_class    = "db.t4g.micro"
  allocated_storage = 20
  storage_encrypted = true # error: [source-key-aws-managed]
  tags              = { backup = "daily" }
}

resource "aws_efs_file_system" "shared" {
  provider  = aws.workload
  encrypted = true
  tags      = { backup = "monthly" }
}
