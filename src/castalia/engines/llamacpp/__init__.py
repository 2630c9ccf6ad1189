"""Language models in GGUF files, run by llama.cpp through the ``xllamacpp`` wheel."""
