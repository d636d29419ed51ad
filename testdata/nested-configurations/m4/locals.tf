locals {
  names  = ["daily", "weekly", "monthly"]
  by     = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  some   = { for n, b in local.by : n => b if n != "weekly" }
  tags   = merge({ Name = var.name }, var.settings.tags, var.settings.flags.b == "x" ? null : { B = var.settings.flags.b })
  flat   = flatten([for k, l in var.pairs : [for v in l : { id = "${k}-${v}", k = k, v = v }]])
  flatby = { for f in local.flat : f.id => f }
  prod   = { for x in setproduct(["p", "q"], ["1", "2"]) : "${x[0]}${x[1]}" => x }
  vaults = { for n in local.names : n => { suffix = substr(n, 0, 1), locked = n == "daily", days = length(n), roles = toset([upper(n)]) } }
  days   = max(var.settings.keep, 14)
  cond   = coalesce(try(tostring(var.any), null), "fallback")
  anyk   = jsonencode(var.any)
}
