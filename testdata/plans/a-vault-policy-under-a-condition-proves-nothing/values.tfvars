admit_copies = true
