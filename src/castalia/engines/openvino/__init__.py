"""OpenVINO GenAI: language models on x86 processors, many requests in one batch."""
