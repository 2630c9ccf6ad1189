"""Options of text generation, the same for every engine, and of reading text for training."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Tool(BaseModel):
    """A function that the model may call; ``parameters`` is a JSON schema."""

    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: str = ""
    parameters: dict[str, object] = Field(default_factory=lambda: {"type": "object", "properties": {}})


class TextOptions(BaseModel):
    """How text is sampled, where it ends and which form it must have."""

    model_config = ConfigDict(extra="forbid")

    max_tokens: int = Field(default=512, ge=1, description="Most tokens of the answer.")
    temperature: float = Field(default=0.7, ge=0, le=2, description="0 picks the likeliest token; higher varies more.")
    top_p: float = Field(
        default=0.95, gt=0, le=1, description="Sample from the likeliest tokens of this total probability."
    )
    top_k: int = Field(default=0, ge=0, description="Sample from so many likeliest tokens; 0 means all.")
    repetition_penalty: float = Field(default=1.0, ge=0.5, le=2, description="Above 1 discourages repeated tokens.")
    frequency_penalty: float = Field(
        default=0.0, ge=-2, le=2, description="OpenAI's penalty by count of the token so far."
    )
    presence_penalty: float = Field(default=0.0, ge=-2, le=2, description="OpenAI's penalty for tokens seen at all.")
    stop: list[str] = Field(
        default_factory=list, max_length=16, description="Texts that end the answer; not part of it."
    )
    logprobs: int | None = Field(
        default=0, ge=0, le=20, description="Log-probabilities, with so many runners-up; 0 feeds the verdict alone."
    )
    echo: bool = Field(
        default=False,
        description="Write nothing, but give the prompt back as it is, without chat template, with the log-probability "
        "of each of its tokens; where an assistant's message is the last, that one, after what was said before it.",
    )
    raw: bool = Field(
        default=False, description="Go on from the last message as it stands, without chat template or tools."
    )
    json_schema: dict[str, object] | None = Field(
        default=None, description="JSON schema that the answer is forced to obey."
    )
    tools: list[Tool] = Field(default_factory=list[Tool], description="Functions that the model may call.")
    tool_choice: Literal["auto", "none", "required"] | str = Field(
        default="auto", description="auto, none, required, or the name of the tool that must be called."
    )
    parallel_tool_calls: bool = Field(default=True, description="Whether several tools may be called at once.")
    beginning: str | None = Field(
        default=None, description="Text to go on from, for models that continue text instead of answering."
    )
    lines: int | None = Field(
        default=None, ge=1, le=10_000, description="Number of items, for models trained on one short item a line."
    )


class TextData(BaseModel):
    """How files of text become a training set."""

    model_config = ConfigDict(extra="forbid")

    tokenizer: Literal["auto", "characters", "bpe", "atoms"] = Field(
        default="auto",
        description="Characters, byte pairs learnt from the data, or atoms of SMILES and SELFIES; auto: by size, "
        "alphabet and suffix.",
    )
    items: Literal["auto", "stream", "lines", "requests"] = Field(
        default="auto",
        description="One long stream of text, one short item a line with an end, or documents whose first line asks "
        "for the rest; auto: lines for molecules, else a stream.",
    )
    vocabulary: int | None = Field(
        default=None, ge=300, le=65_536, description="Byte pairs to learn; unset: by the size of the data."
    )
    context: int | None = Field(
        default=None, ge=8, le=4096, description="Tokens that the model sees at once; unset: by the size of the data."
    )
    leave_out: list[str] = Field(default_factory=list, description="Names of files to leave out.")
    max_items: int = Field(default=500_000, ge=16, description="Use at most so many lines, spread over the files.")
    skip_bad: bool = Field(default=False, description="Leave out files that are not UTF-8 instead of refusing.")
