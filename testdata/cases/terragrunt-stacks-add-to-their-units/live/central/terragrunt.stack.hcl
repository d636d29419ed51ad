# What lies in `vault` already stays, and its files of variables are stronger than the unit's inputs.
unit "vault" {
  source = "../../catalog/units/vault"
  path   = "vault"

  values = {
    name  = "central"
    admit = []
  }

  no_dot_terragrunt_stack = true
}
