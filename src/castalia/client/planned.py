"""What Python gets of a plan: a result that also saves itself as a document."""

from pathlib import Path

from castalia.core.results import PLAN, Result
from castalia.serving.documents.writing import NEEDED, save


class PlanResult(Result):
    """All outputs of a plan; ``choice.steps`` say what became of each step. ``prompt`` is what was asked."""

    prompt: str = ""

    def save(self, path: str | Path) -> list[Path]:
        """Write one ``.html``, ``.docx`` or ``.pdf`` with everything inside; any other suffix writes the outputs to
        files of their own, as for other results."""
        target = Path(path).expanduser()
        if target.suffix.lower().lstrip(".") in NEEDED:
            return [save(self, self.prompt, target)]
        return super().save(target)


def of_plan(result: Result, prompt: str) -> Result:
    """The result itself, or, when a plan made it, one that saves as a document."""
    if result.choice.modality != PLAN:
        return result
    return PlanResult.model_validate({**dict(result), "prompt": prompt})
