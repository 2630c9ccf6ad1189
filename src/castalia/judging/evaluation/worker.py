"""The evaluation process: ``python -m castalia.judging.evaluation.worker FOLDER``.

Events go to stdout, one JSON object a line. A line ``stop`` on stdin, or its end, stops it at the next item.
"""

import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import cast

from castalia.core.children import Channel, watch_stdin
from castalia.core.errors import BadRequest, CastaliaError, InternalError
from castalia.core.plugins import modalities, resolve
from castalia.judging.evaluation.bench import Bench
from castalia.judging.evaluation.figures import Evaluated, Evaluation, Failed
from castalia.judging.evaluation.plan import EvaluationPlan
from castalia.judging.evaluation.writing import write

Evaluate = Callable[[Bench], Evaluation]
OF_ANY_ENGINE = {
    "text": "castalia.judging.evaluation.language.evaluating:evaluate",
    "speech": "castalia.judging.evaluation.speech:evaluate",
}
"""By modality: what evaluates models that were not trained here."""


def main(folder: Path) -> int:
    """Carry out the plan in that folder and write the report there. Returns the exit status."""
    channel = Channel()
    stop = threading.Event()
    watch_stdin(stop)
    try:
        plan = EvaluationPlan.read(folder)
        with Bench(plan, channel.emit, stop) as bench:
            evaluation = evaluator(plan)(bench)
            evaluation.command = plan.command
            evaluation.generation_seconds = round(bench.generation_seconds, 1)
        evaluation.cpu_seconds = round(_processor_seconds(), 1)
        channel.emit(Evaluated(evaluation=write(evaluation, folder), folder=folder))
    except CastaliaError as error:
        channel.emit(Failed(error=error.as_dict()))
        return error.exit_status
    except Exception as error:  # noqa: BLE001 - the process boundary: the parent gets an error instead of silence
        traceback.print_exc()
        failure = InternalError(f"The evaluation failed: {error!r}.", hint=f"Its last words are in {folder}.")
        channel.emit(Failed(error=failure.as_dict()))
        return failure.exit_status
    return 0


def _processor_seconds() -> float:
    """Of this process and of the engine's, which has ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def evaluator(plan: EvaluationPlan) -> Evaluate:
    """What evaluates the model: its format's own way, else its modality's. Raises BadRequest when there is none."""
    spec = modalities().spec(plan.modality)
    if plan.model.format == "castalia" and spec.evaluation is not None:
        return cast("Evaluate", resolve(spec.evaluation))
    if plan.modality in OF_ANY_ENGINE:
        return cast("Evaluate", resolve(OF_ANY_ENGINE[plan.modality]))
    raise BadRequest(
        f"There is no evaluation of {plan.modality} by {plan.model.format} models.",
        hint="Models that were trained here, language models and voices can be evaluated.",
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
