variable "s" {
  type    = string
  default = "hello"
}
variable "n" {
  type    = number
  default = 3
}
variable "on" {
  type    = bool
  default = true
}
variable "nul" {
  type    = string
  default = null
}
variable "accounts" {
  type = map(object({
    id     = string
    region = optional(string, "eu-west-1")
    tags   = optional(map(string), { team = "core" })
    days   = optional(number)
    rules  = optional(list(object({ name = string, keep = optional(number, 7), copy = optional(bool) })), [])
  }))
  default = {
    source = { id = 111111111111, days = "30" }
    dest   = { id = "222222222222", region = "eu-central-1", tags = { a = 1, b = true }, rules = [{ name = "daily" }, { name = "monthly", keep = 365, copy = true }], extra = 1 }
    third  = { id = "333333333333", region = null, tags = null }
  }
}
variable "names" {
  type    = list(string)
  default = ["b", "a", "c", "a", 7]
}
variable "ids" {
  type    = set(string)
  default = ["y", "x", "z", "x"]
}
variable "nums" {
  type    = set(number)
  default = [10, 9, 2, 2]
}
variable "whatever" {
  type    = any
  default = { a = [1, "x", true], b = { c = null, d = "q" } }
}
variable "untyped" {
  default = ["p", 1, { k = "v" }]
}
variable "tup" {
  type    = tuple([string, number, bool, list(string)])
  default = ["a", "1", true, []]
}
variable "obj" {
  type    = object({ a = string, b = optional(object({ c = optional(string, "dc"), l = optional(set(string), ["q"]) }), {}), m = map(any) })
  default = { a = "A", m = { x = 1, y = 2 } }
}
variable "empty_map" {
  type    = map(string)
  default = {}
}
variable "empty_list" {
  type    = list(object({ x = string }))
  default = []
}
variable "secret" {
  type      = string
  sensitive = true
  default   = "pw-1"
}
locals {
  t      = "hi $${x}"
  env    = "prod"
  unk    = terraform_data.u.output
  id     = terraform_data.u.id
  unks   = [terraform_data.u.id, "a", "b"]
  umap   = { a = terraform_data.u.id, b = "k" }
  uset   = toset(["a", terraform_data.u.id])
  tags   = merge({ Env = local.env }, var.on ? { On = "yes" } : {}, { Name = "n-${var.s}" })
  list   = [for i, n in var.names : "${i}-${n}" if n != "c"]
  byname = { for k, a in var.accounts : a.id => merge(a, { key = k }) }
  groups = { for k, a in var.accounts : a.region => k... }
  mixed  = { s = "str", n = 1.5, b = false, l = ["x", 2], o = { deep = { er = [null, "z"] } }, z = null }
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["kms:*"], Principal = { AWS = "arn:aws:iam::${var.accounts["dest"].id}:root" } }] })
  arn    = "arn:aws:kms:${var.accounts["source"].region}:${var.accounts["source"].id}:key/${terraform_data.u.id}"
}

resource "terraform_data" "u" {
  input = timestamp()
}
