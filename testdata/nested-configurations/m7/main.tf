resource "aws_iam_role" "r" {
  name = "${var.name}-role"

  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "backup.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_backup_vault_policy" "v" {
  provider          = aws.second
  for_each          = aws_backup_vault.v
  backup_vault_name = each.value.name
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.name, Effect = "Allow", Principal = { AWS = "arn:aws:iam::111111111111:root" }, Action = "backup:CopyIntoBackupVault", Resource = "*", Condition = local.cond == "on" ? null : { ArnLike = { "aws:SourceArn" = "arn:aws:*" } } }] })
}
resource "aws_dynamodb_table" "t" {
  for_each     = { for k, t in var.settings.tables : k => t if t.pitr }
  name         = "${var.name}-${each.key}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  attribute {
    name = "pk"
    type = "S"
  }
  dynamic "server_side_encryption" {
    for_each = each.value.sse == null ? [] : [each.value]
    content {
      enabled     = server_side_encryption.value.sse
      kms_key_arn = server_side_encryption.value.sse ? one(aws_kms_key.k[*].arn) : null
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = merge(local.tags, { T = each.key })
}
resource "aws_backup_selection" "s" {
  count        = 1
  name         = "${var.name}-sel"
  iam_role_arn = format("arn:%s:iam::%s:role/%s", data.aws_partition.p.partition, data.aws_caller_identity.me.account_id, aws_iam_role.r.name)
  plan_id      = values(aws_backup_plan.p)[0].id
  resources    = null

  dynamic "selection_tag" {
    for_each = {}
    content {
      type  = "STRINGEQUALS"
      key   = selection_tag.key
      value = selection_tag.value
    }
  }
}
