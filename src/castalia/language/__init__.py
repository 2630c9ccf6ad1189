"""What language models are for: tasks (each one file in `tasks/`), and documents with answers that cite them."""
