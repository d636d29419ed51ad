terraform {
  source = "git::https://git.example.com/modules.git//data?ref=v1"
}

dependency "vault" {
  config_path = values.vault
}

inputs = {
  key         = null
  destination = dependency.vault.outputs.arn
}
