locals {
  names  = split(",", "daily,weekly")
  by     = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  some   = { for n, b in local.by : n => b if length(n) > 5 || b.even }
  tags   = merge({ Name = var.name }, var.settings.tags, var.settings.flags.b == "x" ? null : { B = var.settings.flags.b })
  flat   = flatten([for k, l in var.pairs : [for v in l : { id = "${k}-${v}", k = k, v = v }]])
  flatby = { for f in local.flat : f.id => f }
  prod   = tomap({ for k, v in var.pairs : k => length(v) })
  vaults = merge(var.settings.vaults, { z = { suffix = "zz", locked = null, days = var.settings.keep, roles = toset([]) } })
  days   = one([for c in var.settings.copies : c.keep if c.keep != null && length(var.settings.copies) == 1])
  cond   = var.any == null ? "nil" : "some"
  anyk   = try({ for k, v in var.any : k => v if can(tostring(v)) }, {})
}
