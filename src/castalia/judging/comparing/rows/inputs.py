"""Input handling: what it accepts, whether that changes anything, and how long a prompt may be."""

from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, nothing
from castalia.judging.comparing.observed import Subject, Trial


def cell(subject: Subject) -> Whole:
    """The longest prompt that was answered, in words; below, what became of each kind of attachment."""
    parts = [Part(name=f"with {trial.attached}", value=_told(trial, subject)) for trial in subject.of("attachment")]
    if subject.context is not None:
        parts.append(Part(name="context", value=float(subject.context), unit="tokens", note="prompt and answer"))
    answered = [_words(trial) for trial in subject.trials if trial.error is None]
    refused = [trial for trial in subject.of("long prompt", "recall") if trial.error is not None]
    for trial in refused:
        told = trial.error or {}
        parts.append(Part(name=f"prompt of {_words(trial)} words", value=f"refused: {told.get('code')}"))
    if not answered:
        return nothing("no prompt was answered", parts)
    longest = float(max(answered))
    return headline(Part(name="", value=longest, unit="words", n=len(answered)), parts, "the longest prompt answered")


def _told(trial: Trial, subject: Subject) -> str:
    """Refused with a code; used when the output is another one than without; else without effect.

    Of a model that does not repeat itself with the same seed the effect cannot be told.
    """
    if trial.error is not None:
        return f"refused: {trial.error['code']}"
    alone = [one for one in subject.of("sample", "repeat") if one.seed == trial.seed and one.error is None]
    hashes = {tuple(output.sha256 for output in one.outputs) for one in alone}
    if len(hashes) != 1:
        return "accepted" if not hashes else "accepted; the same seed does not repeat, so its effect cannot be told"
    same = tuple(output.sha256 for output in trial.outputs) in hashes
    return "accepted, without effect" if same else "accepted, changes the output"


def _words(trial: Trial) -> int:
    return len(trial.prompt.split())


ROWS = [RowSpec(30, "input handling", "What is accepted and used, and the longest prompt that was answered.", cell)]
