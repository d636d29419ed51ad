resource "aws_backup_vault" "local" {
  name = "${var.name}-local"
}
resource "aws_db_instance" "d" {
  count               = var.enabled == false ? 0 : 1
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = var.settings.keep + 10
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = var.key != null
  kms_key_id          = one(aws_kms_key.k[*].arn)
  skip_final_snapshot = true
  tags                = { Backup = local.names[0] }
}
resource "aws_kms_alias" "k" {
  count         = length(aws_kms_key.k)
  name          = "alias/${var.name}-${count.index}"
  target_key_id = aws_kms_key.k[count.index].key_id
}
