"""The first steps: an admin account, a folder of models, its scan. Each is a page of its own."""
