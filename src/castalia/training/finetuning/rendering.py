"""Examples as tokens, with the ones that are learnt: what the model will see when it is asked, and what it is to say.

Conversations go through the model's own chat template, exactly as when it is served. Each piece between borders of
learning is tokenized by itself, as a prompt and an answer are when the model is asked.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from castalia.core.errors import UnsupportedInput
from castalia.training.finetuning.formats import Example, Reading

USUAL = 512
"""Tokens of a row where there is enough to fill it: attention costs little at that length."""
ENOUGH = 32
"""Rows that there should be at least, so that a tenth of them says something."""
SHORTEST = 32
"""Tokens of the pieces of a short text."""


@dataclass(frozen=True)
class Sequence:
    """The tokens of one example, and for each whether it is learnt."""

    line: int
    tokens: tuple[int, ...]
    learnt: tuple[bool, ...]


def tokenizer_of(gguf_file: Path, kept: Path) -> Any:
    """The tokenizer of a GGUF file, as transformers reads it; ``kept`` is where it lies once it was read."""
    from transformers import AutoTokenizer

    if (kept / "tokenizer.json").is_file():
        return AutoTokenizer.from_pretrained(kept)
    tokenizer = AutoTokenizer.from_pretrained(gguf_file.parent, gguf_file=gguf_file.name)
    tokenizer.save_pretrained(kept)
    return tokenizer


def rendered(tokenizer: Any, reading: Reading, most: int) -> list[Sequence]:
    """The examples as tokens; adds to ``reading.problems`` what is too long for ``most`` tokens.

    A text that is longer is cut into pieces instead. Raises UnsupportedInput for conversations when the model has no
    chat template, or one that cannot be taken turn by turn.
    """
    sequences: list[Sequence] = []
    if reading.format == "text":
        texts = [(one.line, [*_encoded(tokenizer, one.text), int(tokenizer.eos_token_id)]) for one in reading.examples]
        size = min(most, USUAL, max(SHORTEST, sum(len(tokens) for _, tokens in texts) // ENOUGH))
        return [piece for line, tokens in texts for piece in _pieces(line, tokens, size)]
    for example in reading.examples:
        one = _conversation(tokenizer, example)
        if len(one.tokens) > most:
            reading.problems.append(
                f"line {example.line}: too long, {len(one.tokens):,} tokens where at most {most:,} are learnt at once"
            )
        sequences.append(one)
    return sequences


def _pieces(line: int, tokens: list[int], size: int) -> list[Sequence]:
    cut = [tuple(tokens[start : start + size]) for start in range(0, len(tokens), size)]
    return [Sequence(line, piece, (True,) * len(piece)) for piece in cut if len(piece) > 1]


def _conversation(tokenizer: Any, example: Example) -> Sequence:
    if not tokenizer.chat_template:
        raise UnsupportedInput(
            "This model has no chat template, so it learns no conversations.",
            hint='Give plain text: lines of {"text": ...}, or a .txt file.',
        )
    messages = [{"role": turn.role, "content": turn.content} for turn in example.turns]
    end = str(tokenizer.eos_token)
    pieces: list[tuple[str, bool]] = []
    done = ""
    for place, turn in enumerate(example.turns):
        if turn.role != "assistant":
            continue
        before = _template(tokenizer, messages[:place], prompt=True)
        after = _template(tokenizer, messages[: place + 1], prompt=False)
        if not before.startswith(done) or not after.startswith(before):
            raise UnsupportedInput(
                "This model's chat template cannot be taken turn by turn, so it is unknown where its answers begin.",
                hint="Choose another base model.",
            )
        answer = after[len(before) :]
        if turn.learnt and end in answer:
            # white space behind the end is the template's, not the model's
            cut = answer.rindex(end) + len(end)
            pieces += [(before[len(done) :], False), (answer[:cut], True), (answer[cut:], False)]
        else:
            pieces += [(before[len(done) :], False), (answer, turn.learnt)]
        done = after
    tokens: list[int] = []
    learnt: list[bool] = []
    for text, is_learnt in pieces[:-1] if not pieces[-1][1] else pieces:
        found = _encoded(tokenizer, text)
        tokens += found
        learnt += [is_learnt] * len(found)
    return Sequence(example.line, tuple(tokens), tuple(learnt))


def _template(tokenizer: Any, messages: list[dict[str, str]], *, prompt: bool) -> str:
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt))


def _encoded(tokenizer: Any, text: str) -> list[int]:
    return [int(token) for token in tokenizer.encode(text, add_special_tokens=False)] if text else []
