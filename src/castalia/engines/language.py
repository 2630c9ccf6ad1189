"""What every engine for language models honours, for their specs; imports nothing."""

TEXT_OPTIONS = (
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "repetition_penalty",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "logprobs",
    "raw",
    "echo",
    "json_schema",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
)
"""Names of `castalia.modalities.text.options.TextOptions`; an engine that lacks one lists its own."""
