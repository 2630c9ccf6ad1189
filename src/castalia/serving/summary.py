"""A result as the one object that ``--json`` prints and the HTTP extras carry."""

from pathlib import Path

from castalia.core.errors import Blocked
from castalia.core.results import Result


def check_released(result: Result) -> None:
    """Raise Blocked when the verdict withholds the result, with the measures that did."""
    if result.verdict.status == "block":
        notes = "; ".join(measure.note for measure in result.verdict.measures if measure.status == "block")
        raise Blocked(f"The result {result.id} is withheld: {notes}.", hint=f"castalia review {result.id} shows it.")


def result_summary(result: Result, saved: list[Path] | None = None) -> dict[str, object]:
    """``{id, choice, outputs: [{type, text | path, ...}], verdict, usage, timing, ...}``: all fields of the result.

    ``saved`` are the files that the outputs were also written to; they stand in for the stored ones.
    """
    paths = [str(path) for path in saved or []]
    outputs: list[dict[str, object]] = []
    for number, part in enumerate(result.outputs):
        if part.text is not None:
            outputs.append({"type": part.type, "text": part.text})
        else:
            path = paths[number] if paths else str(part.path)
            kept = {"media_type": part.media_type, "sha256": part.blob, "info": part.info}
            outputs.append({"type": part.type, "path": path, **kept})
    data = result.model_dump(mode="json", exclude={"outputs", "created"})
    return {"id": data.pop("id"), "choice": data.pop("choice"), "outputs": outputs, **data}
