resource "aws_backup_global_settings" "this" {
  global_settings = {
    "isCrossAccountBackupEnabled" = "false" # error: [cross-account-backup-disabled]
  }
}
