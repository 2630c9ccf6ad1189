"""Requests that are answered from documents: evidence before the model, citations after it."""

from collections.abc import Generator, Iterable

from castalia.core.content import Message, Part
from castalia.core.errors import BadRequest
from castalia.core.events import Event
from castalia.core.filters import Search
from castalia.core.requests import Request
from castalia.core.results import Measure
from castalia.language.documents.citing import Cited, cited, declined, prompt_of
from castalia.language.documents.evidence import Evidence, weigh
from castalia.language.documents.shelf import Passage
from castalia.serving.house import House
from castalia.serving.stores import in_use

PASSAGES = 5
"""Passages that are looked through for an answer."""


def found(house: House, collections: list[str], question: str, wanted: Search) -> list[Passage]:
    """The best passages of these collections, named or by id, as far as ``wanted`` lets them through.

    Raises NotFound for a collection that is not there, Conflict for one that has expired.
    """
    opened = [in_use(house, name) for name in collections]
    best = house.library.search(opened, question, wanted.most or PASSAGES, wanted.filters)
    return [one for one in best if told_score(one) >= wanted.threshold]


def told_score(passage: Passage) -> float:
    """How well a passage fits, in [0, 1]: 1 when it is the best both by words and by meaning."""
    return min(passage.score / 2, 1.0)


def results_of(passages: Iterable[Passage]) -> list[dict[str, object]]:
    """Passages as data: ``{document, file_id, filename, score, text, page, start, end, attributes}``.

    What the tool ``file_search`` and the searches over HTTP hand out.
    """
    return [
        {
            "document": one.document,
            "file_id": str(one.details.get("file", one.document)),
            "filename": str(one.details.get("filename", one.name)),
            "score": told_score(one),
            "text": one.text,
            "page": one.page,
            "start": one.start,
            "end": one.end,
            "attributes": one.details.get("attributes", {}),
        }
        for one in passages
    ]


def evidence_for(house: House, request: Request) -> Evidence:
    """What the documents of a request say to it.

    Raises BadRequest for a request without a question, ConfigError for a checker that cannot check.
    """
    question = request.prompt.strip()
    if not question:
        raise BadRequest("There is no question to the documents.", hint="Ask one in words.")
    _ = house.checker  # says what is wrong with it before a model has written an answer
    return weigh(question, found(house, request.documents or [], question, request.search), house.library.encode)


def with_passages(request: Request, evidence: Evidence) -> Request:
    """The request as the model gets it: the passages and the question in the place of the last message."""
    last = Message(role="user", parts=[Part.of_text(prompt_of(evidence))])
    system = [message for message in request.messages if message.role == "system"]
    options = {"temperature": 0, "max_tokens": 80, **request.options}
    return request.model_copy(update={"messages": [*system, last], "options": options})


def grounded_part(
    house: House, outputs: list[Part], evidence: Evidence, wanted: Search
) -> Generator[Event, None, Part]:
    """The model's text with its citations, or a quotation; see `castalia.language.documents.citing`."""
    text = "\n".join(part.text for part in outputs if part.text is not None)
    told = yield from cited(text.strip(), evidence, house.library.encode, house.checker)
    return _part(told, evidence, wanted)


def declined_part(evidence: Evidence, wanted: Search) -> Part:
    """That nothing answers."""
    return _part(declined(evidence), evidence, wanted)


def support_measure(part: Part) -> Measure:
    """The share of the answer's sentences that are supported; flagged below all."""
    told = Cited.model_validate(part.info["documents"])
    number = len(told.sentences)
    share = sum(one.supported for one in told.sentences) / number if number else None
    note = "a quotation: the model's own words had no support" if told.quoted else ""
    if not told.answered:
        note = "declined: the documents do not answer it"
    elif share is not None and share < 1:
        note = "unsupported: " + " ".join(one.text for one in told.sentences if not one.supported)
    status = "flag" if share is not None and share < 1 else "pass"
    return Measure(
        name="support", value=share, direction="higher", threshold=1.0, status=status, note=note, n=number or None
    )


def _part(answer: Cited, evidence: Evidence, wanted: Search) -> Part:
    info: dict[str, object] = {"documents": answer.model_dump(mode="json")}
    if wanted.told:
        info["passages"] = results_of(evidence.passages)
    return Part(type="text", text=answer.text, info=info)
