locals {
  names  = distinct(["daily", "daily", "yearly"])
  by     = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  some   = { for n, b in local.by : n => b if var.settings.flags.a }
  tags   = merge({ Name = var.name }, var.settings.tags, { Days = var.settings.keep })
  flat   = flatten([for k, l in var.pairs : [for v in l : { id = "${k}-${v}", k = k, v = v }]])
  flatby = { for f in local.flat : f.id => f }
  prod   = { for x in setproduct(["p", "q"], ["1", "2"]) : "${x[0]}${x[1]}" => x }
  vaults = { for k, v in merge({ base = { suffix = "b", locked = true, days = 3, roles = toset([]) } }, var.settings.vaults) : k => v }
  days   = lookup({ daily = 7, monthly = 365 }, local.names[0], 99)
  cond   = try(keys(var.any)[0], element(local.names, 1))
  anyk   = yamldecode(yamlencode({ any = var.any }))
}
