stack "vaults" {
  source = "./vaults"

  inputs = {
    account = var.central
    regions = var.regions
    "admit" = [var.account]
    token   = var.token
  }
}

component "key" {
  for_each = var.regions

  source    = "./modules/key"
  providers = { aws = provider.aws.workload[each.value] }
}

component "data" {
  for_each = var.regions

  source = "./modules/workload"

  inputs = merge(var.common, {
    name         = "files-${each.key}"
    key          = component.key[each.key].arn
    destinations = { for region, arn in stack.vaults.arns : region => arn if region == each.key }
  })

  providers = { aws = provider.aws.workload[each.value] }
}
