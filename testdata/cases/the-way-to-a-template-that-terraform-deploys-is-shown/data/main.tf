resource "aws_cloudformation_stack" "data" {
  name          = "data"
  template_body = file("${path.module}/template.yaml")
}

output "arn" {
  value = aws_cloudformation_stack.data.outputs["Arn"]
}
