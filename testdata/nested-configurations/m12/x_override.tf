locals {
  cond = "overridden"
}
