"""Teaching the chooser: a correction is kept, learnt from, measured before and after, and can be taken back."""

from pydantic import BaseModel

from castalia.choosing import held_out
from castalia.choosing.learning import Correction, guess, of, score
from castalia.choosing.signals.attachments import kinds_of
from castalia.core.errors import BadRequest, NotFound
from castalia.core.requests import AUTO, Request
from castalia.serving.house import House


class Measured(BaseModel):
    """How the classifier does: on the corrections kept, and on the ``n`` packaged requests that nothing learns from."""

    corrections_followed: int
    accuracy: float
    macro_f1: float
    n: int


class Lesson(BaseModel):
    """What a correction, or taking one back, has changed. ``chosen`` is what is chosen now for the request."""

    corrections: int
    before: Measured
    after: Measured
    chosen: str | None = None


def correct(house: House, request: Request, modality: str) -> Lesson:
    """Learn that a request asks for this modality (or ``unsupported``).

    Its text is kept in the home folder, redacted like history. Raises BadRequest for a modality that the classifier
    does not know or an empty request.
    """
    labels = house.chooser.classifier.labels
    if modality not in labels:
        raise BadRequest(f"The chooser cannot learn {modality!r}.", hint=f"It tells apart: {', '.join(labels)}.")
    kept = house.guard.for_history(request)
    if not kept.prompt.strip():
        raise BadRequest("The request is empty.", hint='For example: castalia choose --learn "a heron" --as image')
    correction = Correction(kept.prompt, modality, tuple(kinds_of(kept)))
    lesson = _taught(house, [*house.corrections.read(), correction])
    asked = request.model_copy(update={"model": AUTO, "modality": AUTO})
    return lesson.model_copy(update={"chosen": house.chooser.choose(asked, house.registry.list()).modality})


def undo(house: House) -> Lesson:
    """Take the newest correction back. Raises NotFound when there is none."""
    corrections = house.corrections.read()
    if not corrections:
        raise NotFound("There is no correction to take back.", hint="castalia choose --learn REQUEST --as MODALITY")
    return _taught(house, corrections[:-1])


def forget(house: House) -> Lesson:
    """Take all corrections back: the chooser is as it was shipped."""
    return _taught(house, [])


def last_request(house: House) -> Request:
    """The newest request on the record. Raises NotFound when there is none."""
    newest = house.history.newest(1)
    if not newest:
        raise NotFound("Nothing has been asked yet.", hint="Name the request: castalia choose --learn REQUEST --as ...")
    return newest[0].request


def _taught(house: House, corrections: list[Correction]) -> Lesson:
    before = _measured(house, corrections)
    house.corrections.write(corrections)
    house.chooser.classifier = house.corrections.classifier(house.chooser.lexicon)
    return Lesson(corrections=len(corrections), before=before, after=_measured(house, corrections))


def _measured(house: House, corrections: list[Correction]) -> Measured:
    classifier, lexicon = house.chooser.classifier, house.chooser.lexicon
    followed = sum(guess(classifier, of(one.text, one.kinds, lexicon)) == one.label for one in corrections)
    found = score(classifier, held_out.load(), lexicon)
    return Measured(corrections_followed=followed, accuracy=found.accuracy, macro_f1=found.macro_f1, n=found.n)
