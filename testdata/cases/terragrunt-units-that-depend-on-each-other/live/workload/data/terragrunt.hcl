include "root" {
  path = find_in_parent_folders("root.hcl")
}

terraform {
  source = "${get_parent_terragrunt_dir()}/../modules//workload"
}

dependency "key" {
  config_path = "../key"

  mock_outputs = {
    arn = "arn:aws:kms:eu-central-1:111111111111:alias/aws/rds"
  }
}

dependency "vault" {
  config_path = "../../central/vault"
}

inputs = {
  key         = dependency.key.outputs.arn
  destination = dependency.vault.outputs.arn
}
