env = "prod"
with_users = true
