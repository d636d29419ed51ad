resource "aws_kms_key" "central" {
  provider    = aws.central
  description = "encrypts the central vault"
}

resource "aws_backup_vault" "central" {
  provider    = aws.central
  name        = "central"
  kms_key_arn = aws_kms_key.central.arn
}

resource "aws_backup_vault_policy" "central" {
  provider          = aws.central
  backup_vault_name = aws_backup_vault.central.name
  policy            = data.aws_iam_policy_document.central.json
}

variable "admitted" {
  type = list(string)
}

# What further statements allow takes nothing away from the first one.
data "aws_iam_policy_document" "central" {
  provider = aws.central

  statement {
    actions   = ["backup:CopyIntoBackupVault"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111111111111:root"]
    }
  }

  dynamic "statement" {
    for_each = var.admitted

    content {
      actions   = ["backup:CopyIntoBackupVault"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = ["arn:aws:iam::${statement.value}:root"]
      }
    }
  }
}
