"""Fine-tuning: a language model learns a style or a format from examples, as a small adapter (LoRA) beside its weights."""
