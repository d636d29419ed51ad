resource "aws_backup_global_settings" "this" {
  global_settings = { # error: [cross-account-backup-disabled]
    "isCrossAccountBackupEnabled" = "false"
  }
}
