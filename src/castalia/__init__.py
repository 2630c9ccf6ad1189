"""Castalia: one self-hosted home for language models and every other kind of generative model.

    import castalia

    result = castalia.ask("What is the capital of France?")
    print(result.text, result.verdict.status)

Names are imported at first use, so that ``import castalia`` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castalia.client import tasks
    from castalia.client.api import (
        advise,
        ask,
        chat,
        choose,
        compare,
        correct,
        evaluate,
        export,
        finetune,
        forget_corrections,
        generate,
        plan,
        quantize,
        stream,
        train,
    )
    from castalia.core.content import Message, Part
    from castalia.core.errors import CastaliaError
    from castalia.core.requests import Request
    from castalia.core.results import Choice, Measure, Result, Verdict

__version__ = "0.1.0"

_MODULES = {"tasks": "castalia.client.tasks"}
"""Public names that are modules."""

_HOMES = {
    "advise": "castalia.client.api",
    "ask": "castalia.client.api",
    "chat": "castalia.client.api",
    "choose": "castalia.client.api",
    "compare": "castalia.client.api",
    "correct": "castalia.client.api",
    "evaluate": "castalia.client.api",
    "export": "castalia.client.api",
    "finetune": "castalia.client.api",
    "forget_corrections": "castalia.client.api",
    "generate": "castalia.client.api",
    "plan": "castalia.client.api",
    "quantize": "castalia.client.api",
    "stream": "castalia.client.api",
    "train": "castalia.client.api",
    "Message": "castalia.core.content",
    "Part": "castalia.core.content",
    "CastaliaError": "castalia.core.errors",
    "Request": "castalia.core.requests",
    "Choice": "castalia.core.results",
    "Measure": "castalia.core.results",
    "Result": "castalia.core.results",
    "Verdict": "castalia.core.results",
}

__all__ = [
    "CastaliaError",
    "Choice",
    "Measure",
    "Message",
    "Part",
    "Request",
    "Result",
    "Verdict",
    "advise",
    "ask",
    "chat",
    "choose",
    "compare",
    "correct",
    "evaluate",
    "export",
    "finetune",
    "forget_corrections",
    "generate",
    "plan",
    "quantize",
    "stream",
    "tasks",
    "train",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'castalia' has no attribute {name!r}")
