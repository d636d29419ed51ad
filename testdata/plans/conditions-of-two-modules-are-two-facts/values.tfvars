databases = true
paused = false
