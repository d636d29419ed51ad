locals {
  names  = ["daily", "weekly", "monthly"]
  by     = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  some   = { for n, b in local.by : n => b if b.index > 0 }
  tags   = merge({ Name = var.name }, var.settings.tags, zipmap(["k1", "k2"], [var.name, tostring(var.settings.keep)]))
  flat   = flatten([for k, l in var.pairs : [for v in l : { id = "${k}-${v}", k = k, v = v }]])
  flatby = { for f in local.flat : f.id => f }
  prod   = [for x in setproduct(["p", "q"], ["r"]) : join("/", x)]
  vaults = merge(var.settings.vaults, { z = { suffix = "zz", locked = null, days = var.settings.keep, roles = toset([]) } })
  days   = one([for c in var.settings.copies : c.keep if c.keep != null && length(var.settings.copies) == 1])
  cond   = coalesce(try(tostring(var.any), null), "fallback")
  anyk   = jsonencode(var.any)
}
