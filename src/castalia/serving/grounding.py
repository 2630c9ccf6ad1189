"""Requests that are answered from documents: evidence before the model, citations after it."""

from collections.abc import Generator

from castalia.core.content import Message, Part
from castalia.core.errors import BadRequest
from castalia.core.events import Event
from castalia.core.requests import Request
from castalia.core.results import Measure
from castalia.language.documents.citing import Cited, cited, declined, prompt_of
from castalia.language.documents.evidence import Evidence, weigh
from castalia.language.documents.shelf import Passage
from castalia.serving.house import House

PASSAGES = 5
"""Passages that are looked through for an answer."""


def found(house: House, collections: list[str], question: str, most: int = PASSAGES) -> list[Passage]:
    """The best passages of these collections, named or by id. Raises NotFound for one that is not there."""
    library = house.library
    return library.search([library.collection(name) for name in collections], question, most)


def search_and_cite(house: House, collections: list[str], question: str, most: int = 10) -> list[dict[str, object]]:
    """The best passages as data: ``{document, file_id, filename, score, text, page, start, end, attributes}``.

    What the tool ``file_search`` and the searches over HTTP hand out. ``score`` lies in [0, 1].
    """
    return [
        {
            "document": one.document,
            "file_id": str(one.details.get("file", one.document)),
            "filename": str(one.details.get("filename", one.name)),
            "score": min(one.score / 2, 1.0),
            "text": one.text,
            "page": one.page,
            "start": one.start,
            "end": one.end,
            "attributes": one.details.get("attributes", {}),
        }
        for one in found(house, collections, question, most)
    ]


def evidence_for(house: House, request: Request) -> Evidence:
    """What the documents of a request say to it.

    Raises BadRequest for a request without a question, ConfigError for a checker that cannot check.
    """
    question = request.prompt.strip()
    if not question:
        raise BadRequest("There is no question to the documents.", hint="Ask one in words.")
    _ = house.checker  # says what is wrong with it before a model has written an answer
    return weigh(question, found(house, request.documents or [], question), house.library.encode)


def with_passages(request: Request, evidence: Evidence) -> Request:
    """The request as the model gets it: the passages and the question in the place of the last message."""
    last = Message(role="user", parts=[Part.of_text(prompt_of(evidence))])
    system = [message for message in request.messages if message.role == "system"]
    options = {"temperature": 0, "max_tokens": 80, **request.options}
    return request.model_copy(update={"messages": [*system, last], "options": options})


def grounded_part(house: House, outputs: list[Part], evidence: Evidence) -> Generator[Event, None, Part]:
    """The model's text with its citations, or a quotation; see `castalia.language.documents.citing`."""
    text = "\n".join(part.text for part in outputs if part.text is not None)
    return _part((yield from cited(text.strip(), evidence, house.library.encode, house.checker)))


def declined_part(evidence: Evidence) -> Part:
    """That nothing answers."""
    return _part(declined(evidence))


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


def _part(answer: Cited) -> Part:
    return Part(type="text", text=answer.text, info={"documents": answer.model_dump(mode="json")})
