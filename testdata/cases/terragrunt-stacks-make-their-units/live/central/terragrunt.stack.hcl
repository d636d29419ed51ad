locals {
  units = "${dirname(find_in_parent_folders("root.hcl"))}/../catalog/units"
}

unit "vault" {
  source = "${local.units}/vault"
  path   = "vault"

  values = {
    name  = "central"
    admit = ["111111111111"]
  }

  no_dot_terragrunt_stack = true
}
