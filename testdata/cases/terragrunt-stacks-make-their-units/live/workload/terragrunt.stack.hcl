stack "backup" {
  source = "../../catalog/stacks/account"
  path   = "backup"

  values = {
    catalog = "${get_terragrunt_dir()}/../../catalog"
    vault   = "${get_terragrunt_dir()}/../central/vault"
  }
}
