"""What is kept: database, blobs, history, registry, artifacts."""
