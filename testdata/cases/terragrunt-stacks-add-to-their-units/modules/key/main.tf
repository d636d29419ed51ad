resource "aws_kms_key" "this" { # error: [source-key-not-shared]
  description = "encrypts the data"
}

output "arn" {
  value = aws_kms_key.this.arn
}
