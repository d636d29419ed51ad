locals {
  names  = split(",", "daily,weekly")
  by     = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  some   = { for n, b in local.by : n => b if b.index > 0 }
  tags   = merge({ Name = var.name }, var.settings.tags, var.settings.flags.b == "x" ? null : { B = var.settings.flags.b })
  flat   = flatten([for k, l in var.pairs : [for v in l : { id = "${k}-${v}", k = k, v = v }]])
  flatby = { for f in local.flat : f.id => f }
  prod   = { for f in local.flat : f.k => f.v... }
  vaults = merge(var.settings.vaults, { z = { suffix = "zz", locked = null, days = var.settings.keep, roles = toset([]) } })
  days   = coalesce(var.settings.cold, var.settings.keep, 7)
  cond   = var.enabled == null ? "unset" : var.enabled ? "on" : "off"
  anyk   = replace(jsonencode(var.settings.flags), "/[{}\"]/", "")
}
