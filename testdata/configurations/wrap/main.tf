variable "name" { type = string }
variable "allow" {}
variable "key" { default = "" }
module "inner" {
  source = "../dest"
  name   = "w-${var.name}"
  allow  = var.allow
  key    = var.key
}
output "vault_arn" { value = module.inner.vault_arn }
output "vault_name" { value = module.inner.vault_name }
output "info" { value = merge(module.inner.info, { wrapped = true }) }
