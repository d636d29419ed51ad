resource "aws_dynamodb_table" "orders" {
  name = "orders"
  tags = { backup = "daily", stage = "prod" }
}

resource "aws_dynamodb_table" "sessions" {
  name = "sessions"
  tags = { backup = "Daily", stage = "test" }
}

resource "aws_efs_file_system" "shared" {
  tags = { backup = "weekly", stage = "preprod" }
}

resource "aws_s3_bucket" "reports" {
  bucket = "reports"
}

resource "aws_s3_bucket_versioning" "reports" {
  bucket = aws_s3_bucket.reports.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_dynamodb_table" "elsewhere" {
  provider = aws.ireland
  name     = "elsewhere"
  tags     = { backup = "daily", stage = "prod", team = "payments" }
}
