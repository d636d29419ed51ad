variable "name" {
  type = string
}

variable "kms_key" {
  type    = string
  default = null
}

resource "aws_db_instance" "this" {
  identifier                  = var.name
  engine                      = "postgres"
  instance_class              = "db.t4g.micro"
  allocated_storage           = 20
  username                    = "app"
  manage_master_user_password = true
  storage_encrypted           = true # error: [source-key-aws-managed]
  kms_key_id                  = var.kms_key

  tags = {
    backup = "daily"
  }
}
