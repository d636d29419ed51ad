locals {
  modules = "${get_terragrunt_dir()}/../../modules"
}

# Generated already.
unit "key" {
  source = "../../catalog/units/key"
  path   = "key"
}

stack "backup" {
  source = "../../catalog/stacks/account"
  path   = "backup"

  values = {
    key = unit.key.path
  }

  autoinclude {
    unit "data" {
      source = "${get_terragrunt_dir()}/../../catalog/units/data"
      path   = "orders"

      values = {
        vault = "${get_terragrunt_dir()}/../central/vault"
      }

      autoinclude {
        locals {
          ignored = true
        }

        include "root" {
          path = find_in_parent_folders("root.hcl")
        }

        terraform {
          source = "${local.modules}//workload"
        }

        dependency "key" {
          config_path = unit.key.path
        }

        inputs = {
          key = dependency.key.outputs.arn
        }
      }
    }
  }
}
