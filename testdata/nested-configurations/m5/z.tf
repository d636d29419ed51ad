data "aws_partition" "p" {}
resource "aws_backup_vault" "local" {
  name = "${var.name}-local"
}
resource "aws_backup_vault" "v" {
  provider    = aws.second
  for_each    = local.vaults
  name        = format("%s_%s", var.name, each.value.suffix)
  kms_key_arn = coalesce(var.key, try(aws_kms_key.k[0].arn, ""), "arn:aws:kms:eu-west-1:111111111111:key/none")
  tags        = local.tags
}
resource "aws_backup_plan" "p" {

  name = var.name
  dynamic "rule" {
    for_each = { for n in local.names : n => local.by[n] }
    content {
      rule_name           = rule.value.key
      target_vault_name   = values(aws_backup_vault.v)[0].name
      schedule            = null
      start_window        = null
      recovery_point_tags = local.tags

      dynamic "copy_action" {
        for_each = compact(concat([for u in var.upstream : u], var.settings.copies[*].arn))

        content {
          destination_vault_arn = copy_action.value

        }
      }
    }
  }
  tags = local.tags
}
module "sub" {
  source           = "./sub"
  count            = length(local.flat)
  label            = "${var.name}-${"c${count.index}"}"
  key              = null
  depends_on_value = local.days
}
data "aws_caller_identity" "me" {}
data "aws_caller_identity" "sec" {
  provider = aws.second
}
resource "aws_ebs_volume" "e" {
  count             = 2
  availability_zone = "${data.aws_region.here.name}a"
  size              = 8
  encrypted         = null
  kms_key_id        = coalesce(var.key, try(aws_kms_key.k[0].arn, ""), "arn:aws:kms:eu-west-1:111111111111:key/none")
}
resource "aws_ssm_parameter" "sub" {
  name  = "/${var.name}/subs"
  type  = "String"
  value = join(",", flatten([module.sub[*].arn]))
}
resource "aws_dynamodb_table" "t" {
  for_each     = var.settings.tables
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
      kms_key_arn = try(coalesce(server_side_encryption.value.key, var.key), null)
    }
  }
  point_in_time_recovery {
    enabled = each.value.pitr
  }
  tags = merge(local.tags, { T = each.key })
}
