"""Output type: the format, size and measure of what comes out."""

from collections import Counter

from castalia.judging.comparing.cells import Part, RowSpec, Whole, headline, mean, nothing
from castalia.judging.comparing.observed import Subject

UNITS = {"seconds": "s", "sample_rate": "Hz", "width": "pixels", "height": "pixels", "rows": "rows", "fps": "frames/s"}


def cell(subject: Subject) -> Whole:
    """The media type; below, bytes and every measured fact that is a number."""
    outputs = [output for trial in subject.of("sample") for output in trial.outputs]
    if not outputs:
        return nothing("nothing came out")
    types = Counter(output.media_type for output in outputs)
    parts = [mean("size", [float(output.size) for output in outputs], "bytes")]
    lengths = [float(len(output.words)) for output in outputs if output.words]
    if lengths:
        parts.append(mean("length", lengths, "words"))
    for name in dict.fromkeys(name for output in outputs for name in output.facts):
        values = [output.facts[name] for output in outputs if name in output.facts]
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        if len(numbers) == len(values) and name in UNITS:
            parts.append(mean(name.replace("_", " "), numbers, UNITS[name]))
    told = ", ".join(kind for kind, _ in types.most_common())
    return headline(Part(name="", value=told, n=len(outputs)), parts)


ROWS = [RowSpec(40, "output type", "Format, size and measure of what comes out.", cell)]
