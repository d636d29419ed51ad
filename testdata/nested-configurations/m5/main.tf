resource "aws_iam_role" "r" {
  name = substr("${var.name}-backup-role-long", 0, 20)

  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "backup.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_kms_key" "k" {
  provider    = aws.second
  count       = 1
  description = local.cond
  policy      = <<-EOT
    {
      "Version": "2012-10-17",
      "Statement": [{"Sid": "${var.name}", "Effect": "Allow", "Principal": {"AWS": "arn:${data.aws_partition.p.partition}:iam::${data.aws_caller_identity.me.account_id}:root"}, "Action": "kms:*", "Resource": "*"}]
    }
  EOT
  tags        = { for k, v in local.tags : "t-${lower(k)}-${length(k)}" => v }
}
resource "aws_db_instance" "d" {
  count               = 2
  identifier          = "${var.name}-${count.index}"
  engine              = "mysql"
  instance_class      = "db.t3.medium"
  allocated_storage   = 20
  username            = "admin"
  password            = "pw-pw-pw-pw"
  storage_encrypted   = var.key != null
  kms_key_id          = coalesce(var.key, try(aws_kms_key.k[0].arn, ""), "arn:aws:kms:eu-west-1:111111111111:key/none")
  skip_final_snapshot = true
  tags                = { for f in local.flat : f.id => f.v }
}
resource "aws_backup_selection" "s" {
  count        = length(flatten([aws_backup_plan.p]))
  name         = "${var.name}-sel"
  iam_role_arn = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:role/backup"
  plan_id      = flatten([aws_backup_plan.p])[count.index].id
  resources    = ["arn:aws:ec2:*:*:volume/*", "arn:aws:dynamodb:*:*:table/${var.name}*"]

  dynamic "selection_tag" {
    for_each = local.tags
    content {
      type  = "STRINGEQUALS"
      key   = selection_tag.key
      value = selection_tag.value
    }
  }
}
