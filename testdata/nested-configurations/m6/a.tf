data "aws_caller_identity" "me" {}
data "aws_caller_identity" "sec" {
  provider = aws.second
}
resource "aws_backup_vault" "local" {
  name = "${var.name}-local"
}
resource "aws_efs_file_system" "f" {
  for_each       = toset(flatten(values(var.pairs)))
  encrypted      = true
  kms_key_id     = try(aws_kms_key.k[0].arn, var.key)
  creation_token = "${var.name}-${each.key}"
}
