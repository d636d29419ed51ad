locals {
  choose = "over"
}
variable "schedule" {
  default = "cron(0 7 * * ? *)"
}
