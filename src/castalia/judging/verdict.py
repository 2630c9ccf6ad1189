"""The verdict over the outputs of one result, by the checks that each modality names."""

from collections.abc import Callable
from typing import cast

from castalia.core.content import Part
from castalia.core.plugins import modalities, resolve
from castalia.core.results import Measure, Verdict
from castalia.judging.context import CheckContext
from castalia.judging.obeying import check_tool_calls

Check = Callable[[Part, CheckContext], list[Measure]]

SEVERITY = {"pass": 0, "flag": 1, "block": 2}


def judge(outputs: list[Part], context: CheckContext) -> Verdict:
    """All measures of all outputs, and the worst of their states.

    Several outputs of one modality share their measures: the worst counts, its note says which output it was of, and
    ``n`` is their number. A result without any output or tool call is blocked, unless it was cancelled.
    """
    measures: list[Measure] = []
    by_modality: dict[str, list[Part]] = {}
    for output in outputs:
        by_modality.setdefault(output.type, []).append(output)
    for modality, parts in by_modality.items():
        check = check_of(modality)
        if check is not None:
            measures.extend(merged([check(part, context) for part in parts]))
    measures.extend(check_tool_calls(context))
    if not outputs and not context.tool_calls and context.finish_reason != "cancelled":
        measures.append(
            Measure(
                name="outputs",
                value=0,
                direction="higher",
                threshold=1,
                status="block",
                note="The model gave nothing back.",
            )
        )
    return Verdict.of(measures)


def check_of(modality: str) -> Check | None:
    """The instant check that a modality's spec names; None for a modality that has none or that nobody knows."""
    spec = modalities().specs().get(modality)
    if spec is None or spec.checks is None:
        return None
    return cast(Check, resolve(spec.checks))


def merged(found: list[list[Measure]]) -> list[Measure]:
    """One measure of each name: the worst, whose note says which output it was of, with their number as ``n``."""
    if len(found) == 1:
        return found[0]
    by_name: dict[str, list[tuple[int, Measure]]] = {}
    for index, measures in enumerate(found):
        for measure in measures:
            by_name.setdefault(measure.name, []).append((index, measure))
    worst_of_each: list[Measure] = []
    for named in by_name.values():
        index, worst = max(named, key=lambda pair: _badness(pair[1]))
        failing = sum(measure.status != "pass" for _, measure in named)
        counted = f", {failing} of {len(found)} in all" if failing > 1 else ""
        note = f"Output {index + 1}{counted}: {worst.note}" if worst.note else ""
        worst_of_each.append(worst.model_copy(update={"note": note, "n": len(named)}))
    return worst_of_each


def _badness(measure: Measure) -> tuple[int, float]:
    value = measure.value or 0.0
    return SEVERITY[measure.status], {"higher": -value, "lower": value, "none": 0.0}[measure.direction]
