resource "aws_ssm_parameter" "sub" {
  name  = "/${var.name}/subs"
  type  = "String"
  value = jsonencode([for m in module.sub : m.arn])
}
resource "aws_db_instance" "d" {
  count               = var.enabled == false ? 0 : 1
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = var.settings.keep + 10
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = var.settings.flags.a
  kms_key_id          = try(aws_kms_key.k[0].arn, var.key)
  skip_final_snapshot = true
  tags                = { Backup = local.names[0] }
}
