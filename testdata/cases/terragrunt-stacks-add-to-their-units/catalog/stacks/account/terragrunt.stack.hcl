unit "data" {
  source = "git::https://git.example.com/catalog.git//units/data?ref=v1"
  path   = "data"
}

unit "again" {
  source = "${get_repo_root()}/catalog/units/data"
  path   = "orders"
}
