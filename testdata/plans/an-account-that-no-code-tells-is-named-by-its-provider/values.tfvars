destination = "arn:aws:backup:eu-central-1:222222222222:backup-vault:central"
