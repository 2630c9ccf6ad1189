"""What the language side is for: documents and answers that cite them."""
