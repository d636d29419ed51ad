resource "aws_kms_key" "this" {
  description = "encrypts the data"
}

output "arn" {
  value = aws_kms_key.this.arn
}
