resource "aws_backup_vault" "workload" {
  provider = aws.workload
  name     = "local"
}

resource "aws_efs_file_system" "workload" {
  provider  = aws.workload
  encrypted = true
  tags      = { backup = "daily" }
}

resource "aws_backup_vault" "guarded" {
  provider = aws.guarded
  name     = "local"
}

resource "aws_efs_file_system" "guarded" {
  provider  = aws.guarded
  encrypted = true
  tags      = { backup = "daily" }
}
