"""OpenAI's tool ``file_search``: the answer comes from vector stores, its citations stand as annotations.

The search always runs, before the model: what it finds decides whether there is an answer at all (decision 0015).
"""

from typing import cast

from castalia.core.content import Message, Part
from castalia.language.documents.citing import Cited

Item = dict[str, object]

RESULT = ("file_id", "filename", "score", "text", "attributes")
"""What OpenAI tells of a passage."""
EVENTS = ("in_progress", "searching", "completed")
"""What is told of a search, each as ``response.file_search_call.*``."""


def search_item(id: str, query: str, status: str = "completed", passages: list[Item] | None = None) -> Item:
    """The search as an item of the response, with the passages where they are to be told."""
    results = None if passages is None else [{name: one[name] for name in RESULT} for one in passages]
    return {"id": id, "type": "file_search_call", "queries": [query], "status": status, "results": results}


def passages_in(outputs: list[Part]) -> list[Item] | None:
    """The passages that an answer was looked for in, where they are told."""
    return next((cast("list[Item]", part.info["passages"]) for part in outputs if "passages" in part.info), None)


def query_of(said: list[Message]) -> str:
    """What is searched for: the last thing that the user said."""
    return next((message.text for message in reversed(said) if message.role == "user"), "").strip()


def annotations(cited: Cited) -> list[Item]:
    """One ``file_citation`` for each place that supports a sentence; ``index`` is where the sentence ends."""
    return [
        {"type": "file_citation", "file_id": place.name, "filename": place.title or place.name, "index": one.end}
        for one in cited.sentences
        for place in one.citations
    ]


def cited_in(outputs: list[Part]) -> Cited | None:
    """The citations of an answer from documents; None for any other answer."""
    told = next((part.info["documents"] for part in outputs if "documents" in part.info), None)
    return None if told is None else Cited.model_validate(told)
