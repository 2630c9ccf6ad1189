"""What it costs: time, processor, memory, disk, energy, money."""

from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, mean, nothing
from castalia.judging.comparing.observed import Subject

WATTS = 10.0
"""Of one busy processor core: a round figure for servers and notebooks, of which five to fifteen are usual."""
JOULES_PER_WATT_HOUR = 3600.0


def seconds(subject: Subject) -> Whole:
    """By the clock, for one request of its own kind."""
    made = [trial for trial in subject.of("sample") if trial.error is None]
    if not made:
        return nothing("nothing was made")
    load = Part(name="loading", value=round(subject.load_seconds, 2), unit="s", n=1, better="lower")
    values, keys = [trial.seconds for trial in made], [trial.key for trial in made]
    return headline(mean("", values, "s", keys, better="lower"), [load])


def processor(subject: Subject) -> Whole:
    """Of the model's process, for one request of its own kind."""
    if subject.remote:
        return nothing("it computes elsewhere")
    values = used(subject)
    return (
        headline(mean("", list(values.values()), "CPU-s", list(values), better="lower"))
        if values
        else nothing("no process of its own to measure")
    )


def used(subject: Subject) -> dict[str, float]:
    """CPU-seconds of each request of its own kind, by what was asked."""
    return {t.key: t.cpu_seconds for t in subject.of("sample") if t.error is None and t.cpu_seconds is not None}


def memory(subject: Subject) -> Whole:
    """The most that its process held."""
    if subject.remote:
        return nothing("it lies elsewhere")
    if subject.memory is None:
        return nothing("no process of its own to measure")
    return headline(Part(name="", value=float(subject.memory), unit="bytes", n=1, better="lower"))


def disk(subject: Subject) -> Whole:
    """Bytes of its files."""
    if subject.remote and not subject.model.files:
        return nothing("its files lie elsewhere")
    return headline(Part(name="", value=float(subject.model.size), unit="bytes", better="lower"))


def energy(subject: Subject) -> Whole:
    """CPU-seconds times a round figure of watts: an estimate, and called so."""
    if subject.remote:
        return nothing("the energy of other people's machines is not known here")
    values = used(subject)
    if not values:
        return nothing("no process of its own to measure")
    spent = [value * WATTS / JOULES_PER_WATT_HOUR * 1000 for value in values.values()]
    note = f"an estimate: CPU-seconds at {WATTS:g} W a core, nothing was metered"
    return headline(mean("", spent, "mWh", list(values), better="lower", note=note))


def price(subject: Subject) -> Whole:
    """Dollars of one request of its own kind, for remote models by their price list."""
    if not subject.remote:
        return nothing("it runs on this machine: nobody is paid by the request")
    listed = subject.model.details.get("price_per_million_tokens")
    if not isinstance(listed, int | float):
        return nothing("no price_per_million_tokens is set for it")
    made = [trial for trial in subject.of("sample") if trial.error is None]
    spent, keys = [trial.tokens * listed / 1e6 for trial in made], [trial.key for trial in made]
    return headline(mean("", spent, "$", keys, better="lower")) if made else nothing("nothing was made")


ROWS = [
    RowSpec(200, "seconds", "By the clock, for one request of its own kind.", seconds, "cost"),
    RowSpec(210, "CPU-seconds", "Of the model's process, for one request of its own kind.", processor, "cost"),
    RowSpec(220, "memory", "The most that its process held.", memory, "cost"),
    RowSpec(230, "disk", "Bytes of its files.", disk, "cost", without_asking=True),
    RowSpec(240, "energy (estimate)", f"CPU-seconds at {WATTS:g} W a core; nothing was metered.", energy, "cost"),
    RowSpec(250, "price", "Of one request, for remote models.", price, "cost"),
]
