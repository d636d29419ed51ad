resource "aws_backup_vault" "local" {
  provider = aws.workload
  name     = "local"
}

resource "aws_dynamodb_table" "users" {
  provider     = aws.workload
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }
}
