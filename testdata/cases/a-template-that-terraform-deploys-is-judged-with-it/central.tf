# The vaults of the backup account come from templates.
resource "aws_cloudformation_stack" "vault" {
  provider   = aws.central
  name       = "central-vault"
  parameters = { Source = "111111111111" }

  template_body = <<-EOT
    Parameters:
      Source: { Type: String }
    Resources:
      Vault:
        Type: AWS::Backup::BackupVault
        Properties:
          BackupVaultName: central
          EncryptionKeyArn: ${aws_kms_key.central.arn}
          AccessPolicy:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Principal: { AWS: !Sub "arn:aws:iam::$${Source}:root" }
                Action: backup:CopyIntoBackupVault
                Resource: "*"
    Outputs:
      Arn: { Value: !GetAtt Vault.BackupVaultArn }
  EOT
}

resource "aws_kms_key" "central" {
  provider = aws.central
}

resource "aws_cloudformation_stack_set" "archive" {
  provider         = aws.central
  name             = "archive"
  permission_model = "SELF_MANAGED"
  template_body    = file("${path.module}/archive.yaml")
}

resource "aws_cloudformation_stack_set_instance" "archive" {
  for_each = toset(["333333333333"])

  provider       = aws.central
  stack_set_name = aws_cloudformation_stack_set.archive.name
  account_id     = each.key
  region         = "us-east-2"
}

# What nobody has at hand may hold anything.
resource "aws_cloudformation_stack" "elsewhere" {
  provider     = aws.central
  name         = "elsewhere"
  template_url = "https://example-bucket.s3.amazonaws.com/elsewhere.yaml"
}
