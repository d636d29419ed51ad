locals {
  names  = sort(concat(["monthly"], keys(var.pairs)))
  by     = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  some   = { for n, b in local.by : n => b if startswith(n, "m") }
  tags   = merge({ Name = var.name }, var.settings.tags, { Days = var.settings.keep })
  flat   = flatten([for k, l in var.pairs : [for v in l : { id = "${k}-${v}", k = k, v = v }]])
  flatby = { for f in local.flat : f.id => f }
  prod   = tomap({ for k, v in var.pairs : k => length(v) })
  vaults = { for n in local.names : n => { suffix = substr(n, 0, 1), locked = n == "daily", days = length(n), roles = toset([upper(n)]) } }
  days   = coalesce(var.settings.cold, var.settings.keep, 7)
  cond   = try(var.any.k[0], "none")
  anyk   = replace(jsonencode(var.settings.flags), "/[{}\"]/", "")
}
