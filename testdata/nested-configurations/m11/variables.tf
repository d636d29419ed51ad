variable "name" { type = string }
variable "settings" {
  type = object({
    keep   = optional(number, 30)
    cold   = optional(number)
    vaults = optional(map(object({ suffix = string, locked = optional(bool, false), days = optional(number), roles = optional(set(string), ["backup"]) })), {})
    copies = optional(list(object({ arn = string, keep = optional(number), only = optional(list(string), []) })), [])
    tables = optional(map(object({ sse = optional(bool), key = optional(string), pitr = optional(bool, true) })), { t = {} })
    tags   = optional(map(string), {})
    flags  = optional(object({ a = optional(bool, true), b = optional(string, "x"), n = optional(object({ deep = optional(list(string), ["d1", "d2"]) }), {}) }), {})
  })
  default = {}
}
variable "enabled" {
  type     = bool
  default  = true
  nullable = false
}
variable "schedule" { default = "cron(0 5 * * ? *)" }
variable "any" {
  type    = any
  default = "any"
}
variable "upstream" {
  type    = set(string)
  default = []
}
variable "key" {
  type    = string
  default = null
}
variable "create_key" { default = true }
variable "pairs" {
  type    = map(list(string))
  default = { a = ["x", "y"], b = [], c = ["z"] }
}
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.second]
    }
  }
}
