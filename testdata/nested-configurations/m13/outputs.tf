output "vault" { value = aws_backup_vault.v.arn }
output "vaults" { value = [aws_backup_vault.v.arn] }
output "byname" { value = { for v in [aws_backup_vault.v] : v.name => v.arn } }
output "key" { value = try(aws_kms_key.k[0].arn, null) }
output "info" {
  value = { name = var.name, cond = local.cond, days = local.days, region = data.aws_region.here.name, account = data.aws_caller_identity.me.account_id, anyk = local.anyk }
}
output "subs" { value = module.sub[*].arn }
