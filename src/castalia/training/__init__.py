"""Training: a data folder in, an artifact out. The loop lives in a worker process; only that process knows torch."""
