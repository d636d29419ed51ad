locals {
  names  = ["daily", "weekly", "monthly"]
  by     = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  some   = { for n, b in local.by : n => b if var.settings.flags.a }
  tags   = merge({ Name = var.name }, var.settings.tags, { Days = var.settings.keep })
  flat   = flatten([for k, l in var.pairs : [for v in l : { id = "${k}-${v}", k = k, v = v }]])
  flatby = { for f in local.flat : f.id => f }
  prod   = { for f in local.flat : f.k => f.v... }
  vaults = { for k, v in merge({ base = { suffix = "b", locked = true, days = 3, roles = toset([]) } }, var.settings.vaults) : k => v }
  days   = coalesce(var.settings.cold, var.settings.keep, 7)
  cond   = coalesce(try(tostring(var.any), null), "fallback")
  anyk   = try(lookup(tomap(var.any), "k", "dflt"), "none")
}
