locals {
  names  = sort(concat(["monthly"], keys(var.pairs)))
  by     = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  some   = { for n, b in local.by : n => b if b.even }
  tags   = merge({ Name = var.name }, var.settings.tags, var.enabled == true ? { On = "yes" } : {})
  flat   = flatten([for k, l in var.pairs : [for v in l : { id = "${k}-${v}", k = k, v = v }]])
  flatby = { for f in local.flat : f.id => f }
  prod   = [for x in setproduct(["p", "q"], ["r"]) : join("/", x)]
  vaults = length(var.settings.vaults) > 0 ? var.settings.vaults : { main = { suffix = "m", locked = false, days = null, roles = toset(["r"]) } }
  days   = try(var.settings.copies[0].keep, null) == null ? 10 : var.settings.copies[0].keep
  cond   = coalesce(try(tostring(var.any), null), "fallback")
  anyk   = jsonencode(var.any)
}
