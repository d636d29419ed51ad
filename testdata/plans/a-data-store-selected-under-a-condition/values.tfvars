databases = true
