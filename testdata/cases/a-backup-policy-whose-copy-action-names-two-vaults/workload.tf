resource "aws_backup_vault" "workload" {
  provider = aws.workload
  name     = "local"
}

resource "aws_efs_file_system" "workload" {
  provider  = aws.workload
  encrypted = true
  tags      = { backup = "daily" }
}
