"""What a response says beyond OpenAI's fields, under ``castalia``."""

from castalia.core.results import Result


def castalia_extras(result: Result) -> dict[str, object]:
    """Id, choice, verdict, timing, seed and options of a result."""
    kept = {"id", "choice", "verdict", "timing", "seed", "options", "finish_reason"}
    return result.model_dump(mode="json", include=kept)
