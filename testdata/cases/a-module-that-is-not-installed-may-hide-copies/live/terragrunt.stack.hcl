unit "vaults" {
  source = "git::https://example.com/units.git//vaults?ref=v1"
  path   = "vaults"
}
