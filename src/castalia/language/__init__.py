"""What language models are for: tasks such as summarising, translating and extracting, each one file in `tasks/`."""
