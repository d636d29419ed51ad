provider "aws" {
  region              = "eu-central-1"
  allowed_account_ids = ["111111111111"]
}

variable "databases" {
  type = bool
}

variable "paused" {
  type = bool
}

module "data" {
  source  = "./data"
  enabled = var.databases
}

module "plan" {
  source  = "./plan"
  enabled = var.paused
}
