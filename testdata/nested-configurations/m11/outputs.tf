output "vault" { value = values(aws_backup_vault.v)[0].arn }
output "vaults" { value = [for k, v in aws_backup_vault.v : v.arn] }
output "byname" { value = { for v in aws_backup_vault.v : v.name => v.arn } }
output "key" { value = join("", aws_kms_key.k[*].arn) }
output "info" {
  value = { name = var.name, cond = local.cond, days = local.days, region = data.aws_region.here.name, account = data.aws_caller_identity.me.account_id, prod = local.prod }
}
