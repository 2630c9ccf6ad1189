"""Core objective: which kinds of content really come out when they are asked for."""

from collections import Counter

from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, nothing, share
from castalia.judging.comparing.observed import Subject


def cell(subject: Subject) -> Whole:
    """The kinds that came out, the most frequent first; below, what each kind of wish brought."""
    asked = [trial for trial in subject.of("request") if trial.wanted]
    if not asked:
        return nothing("no request was asked")
    came = Counter(kind for trial in asked for kind in trial.kinds)
    right = share("the kind that was asked for", [trial.brought for trial in asked], [trial.key for trial in asked])
    parts = [right]
    for wanted in dict.fromkeys(trial.wanted for trial in asked):
        told = Counter(trial.told for trial in asked if trial.wanted == wanted)
        words = ", ".join(f"{what} {count} x" for what, count in told.most_common())
        parts.append(Part(name=f"asked for {wanted}", value=words, n=told.total()))
    if not came:
        errors = Counter(trial.told for trial in asked)
        return nothing(f"nothing came out: {', '.join(f'{code} {count} x' for code, count in errors.items())}", parts)
    names = ", ".join(f"{kind} {count} of {len(asked)}" for kind, count in came.most_common())
    return headline(Part(name="", value=names, n=len(asked)), parts)


ROWS = [RowSpec(10, "core objective", "What comes out when each kind of content is asked for, by its bytes.", cell)]
