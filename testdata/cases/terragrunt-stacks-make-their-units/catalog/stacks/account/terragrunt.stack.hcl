unit "key" {
  source = "${values.catalog}/units/key"
  path   = "key"
}

unit "data" {
  source = "${values.catalog}/units/data"
  path   = "data"

  values = {
    vault = values.vault
  }

  autoinclude {
    dependency "key" {
      config_path = unit.key.path

      mock_outputs = {
        arn = "arn:aws:kms:eu-central-1:111111111111:alias/aws/rds"
      }
    }

    inputs = {
      key = dependency.key.outputs.arn
    }
  }
}

unit "audit" {
  source = "git::https://git.example.com/catalog.git//units/audit?ref=v1"
  path   = "audit"
}
