resource "aws_iam_role" "r" {
  description = "by override"
}
