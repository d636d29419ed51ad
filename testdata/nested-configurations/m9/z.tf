data "aws_region" "here" {
  provider = aws.second
}
data "aws_caller_identity" "me" {}
data "aws_caller_identity" "sec" {
  provider = aws.second
}
