"""Fine-tuning: a language model learns a style or a format, as a small adapter (LoRA) beside its weights."""
