include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "${dirname(find_in_parent_folders("root.hcl"))}/../modules//workload"
}

dependency "vault" {
  config_path = values.vault
}

inputs = {
  destination = dependency.vault.outputs.arn
}
