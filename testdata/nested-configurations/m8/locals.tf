locals {
  names  = split(",", "daily,weekly")
  by     = { for i, n in local.names : n => { index = i, key = "${var.name}-${n}", even = i % 2 == 0 } }
  some   = { for n, b in local.by : n => b if length(n) > 5 || b.even }
  tags   = merge({ Name = var.name }, var.settings.tags, var.enabled == true ? { On = "yes" } : {})
  flat   = flatten([for k, l in var.pairs : [for v in l : { id = "${k}-${v}", k = k, v = v }]])
  flatby = { for f in local.flat : f.id => f }
  prod   = [for x in setproduct(["p", "q"], ["r"]) : join("/", x)]
  vaults = { for k, v in merge({ base = { suffix = "b", locked = true, days = 3, roles = toset([]) } }, var.settings.vaults) : k => v }
  days   = max(var.settings.keep, 14)
  cond   = try(var.any.k[0], "none")
  anyk   = yamldecode(yamlencode({ any = var.any }))
}
