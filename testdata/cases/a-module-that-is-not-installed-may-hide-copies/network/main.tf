module "subnets" {
  source = "git::https://example.com/subnets.git?ref=v1"
}
