locals {
  names  = distinct(["daily", "daily", "yearly"])
  by     = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  some   = { for n, b in local.by : n => b if var.settings.flags.a }
  tags   = merge({ Name = var.name }, var.settings.tags, var.enabled == true ? { On = "yes" } : {})
  flat   = flatten([for k, l in var.pairs : [for v in l : { id = "${k}-${v}", k = k, v = v }]])
  flatby = { for f in local.flat : f.id => f }
  prod   = tomap({ for k, v in var.pairs : k => length(v) })
  vaults = merge(var.settings.vaults, { z = { suffix = "zz", locked = null, days = var.settings.keep, roles = toset([]) } })
  days   = coalesce(var.settings.cold, var.settings.keep, 7)
  cond   = try(keys(var.any)[0], element(local.names, 1))
  anyk   = replace(jsonencode(var.settings.flags), "/[{}\"]/", "")
}
