data "aws_caller_identity" "me" {}
data "aws_caller_identity" "sec" {
  provider = aws.second
}
resource "aws_backup_vault" "local" {
  name = "${var.name}-local"
}
