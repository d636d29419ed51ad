variable "enabled" {
  type = bool
}

resource "aws_efs_file_system" "files" {
  count     = var.enabled ? 1 : 0
  encrypted = true
  tags      = { backup = "daily" }
}
