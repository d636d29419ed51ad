locals {
  id = "222222222222"
}
