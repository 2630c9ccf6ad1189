"""The rows of a comparison, found by scanning: a module here holds ``ROWS``, a list of `RowSpec`."""

import importlib
import pkgutil
from collections.abc import Sequence

from castalia.judging.comparing.cells import Row, RowSpec, Whole, nothing
from castalia.judging.comparing.contrasts import judged
from castalia.judging.comparing.observed import Subject


def specs() -> list[RowSpec]:
    """Every row there is, in the order of the page."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    found: list[RowSpec] = []
    for name in names:
        found += importlib.import_module(f"{__name__}.{name}").ROWS
    return sorted(found, key=lambda spec: spec.order)


def rows(subjects: Sequence[Subject]) -> list[Row]:
    """All rows over these models, with what follows from them."""
    made = [
        Row(
            name=spec.name,
            about=spec.about,
            group=spec.group,
            cells={subject.name: _cell(spec, subject) for subject in subjects},
        )
        for spec in specs()
    ]
    return [judged(row) for row in made]


def _cell(spec: RowSpec, subject: Subject) -> Whole:
    if subject.failed and not spec.without_asking:
        return nothing(f"it could not be loaded: {subject.failed}")
    return spec.cell(subject)
