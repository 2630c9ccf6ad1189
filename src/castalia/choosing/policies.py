"""Which of several fitting models is preferred: best, fastest, cheapest or private, by what was measured here.

Quality is the share of results on the record whose verdict was ``pass``, speed their median seconds; for a language
model without results, what `castalia pull` measured. What was not measured is said to be unmeasured and comes last.
"""

from collections.abc import Callable
from math import sqrt

from castalia.core.models import Model
from castalia.core.plugins import engines
from castalia.core.requests import Preference
from castalia.store.history import Experience

Experiences = dict[str, Experience]

ENOUGH = 5
"""Results from which a model's share of passed verdicts says something."""
CONFIDENCE = 1.96
"""Standard deviations of the interval around a share."""
USUAL_TOKENS = 150
"""Length of the answer by which language models are timed before they have answered anything."""
UNKNOWN = float("inf")


def is_private(model: Model) -> bool:
    """Whether all engines of a model run on this machine."""
    return not any(engines().spec(name).remote for name in model.engines)


def price(model: Model) -> float:
    """Dollars per million tokens; models on this machine cost none."""
    told = model.details.get("price_per_million_tokens")
    return float(told) if isinstance(told, int | float) else 0.0


def seconds(model: Model, experiences: Experiences) -> tuple[float, str]:
    """Seconds of an answer, and where the figure comes from; infinite when nothing was measured."""
    known = experiences.get(model.name)
    if known is not None:
        return known.seconds, f"median of {known.n} answers"
    first = model.figures.get(f"{model.engine}.first_token_seconds")
    rate = model.figures.get(f"{model.engine}.tokens_per_second")
    if first is not None and rate:
        return first + USUAL_TOKENS / rate, f"{USUAL_TOKENS} tokens, as measured at pull"
    return UNKNOWN, "not measured yet"


def passed_between(known: Experience) -> tuple[float, float]:
    """Wilson's interval of the share of results that passed (Wilson 1927)."""
    share, n, z = known.passed / known.n, known.n, CONFIDENCE
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def not_worse(models: list[Model], experiences: Experiences) -> tuple[list[Model], str | None]:
    """The models that none of the others beats clearly, and the reason when one was left out."""
    intervals = {
        model.name: passed_between(known)
        for model in models
        if (known := experiences.get(model.name)) is not None and known.n >= ENOUGH
    }
    floor = max((low for low, _ in intervals.values()), default=0.0)
    kept = [model for model in models if intervals.get(model.name, (0.0, 1.0))[1] >= floor]
    if len(kept) == len(models):
        return models, None
    left = next(model for model in models if model not in kept)
    known = experiences[left.name]
    return kept, f"{left.name} is left out: {known.passed} of its {known.n} results passed, others do clearly better."


def ordered(
    models: list[Model], preference: Preference, experiences: Experiences, usual: Callable[[list[Model]], list[Model]]
) -> tuple[list[Model], str | None]:
    """The models, the preferred first, and the reason in words; ``usual`` is their order when nothing was measured.

    For ``best`` and ``private`` those that are clearly worse by their verdicts come last.
    """
    if preference == "fastest":
        times = {model.name: seconds(model, experiences) for model in models}
        found = sorted(usual(models), key=lambda model: times[model.name][0])
        taken, source = times[found[0].name]
        told = f"{taken:.1f} s, {source}" if taken != UNKNOWN else source
        return found, f"{found[0].name} is the fastest of {len(models)} ({told})."
    if preference == "cheapest":
        found = sorted(usual(models), key=lambda model: (price(model), model.size))
        first = found[0]
        cost = f"${price(first):g} per million tokens" if price(first) else "no price"
        return found, f"{first.name} is the cheapest of {len(models)} ({cost}, {first.size / 1e6:.0f} MB to hold)."
    kept, reason = not_worse(models, experiences)
    rest = [model for model in models if model not in kept]
    return [*usual(kept), *usual(rest)], reason
