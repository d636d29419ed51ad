variable "regions" {
  type = set(string)
}

variable "account" {
  type = string
}

variable "central" {
  type = string
}

variable "token" {
  type      = string
  ephemeral = true
}

variable "common" {
  type    = map(any)
  default = {}
}
