environment = "prod"
admitted = ["222222222222"]
