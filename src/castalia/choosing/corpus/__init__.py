"""The sentences that the wording classifier learns from: our own grammar, one file per language and subject."""
