"""The process of a fine-tuning: ``python -m castalia.training.finetuning.worker RUN_FOLDER``."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from castalia.core.events import Progress
from castalia.training.events import Stopped, Trained
from castalia.training.finetuning.plan import RESUME
from castalia.training.worker import run_worker


def main(run_folder: Path) -> int:
    """Run the fine-tuning in that folder to its end. Returns the exit status."""

    def work(folder: Path, emit: Callable[[Progress], None], stop: threading.Event) -> Trained | Stopped:
        from castalia.training.finetuning.runs import run_finetuning

        return run_finetuning(folder, emit, stop)

    return run_worker(run_folder, work, RESUME.format(run_folder.name))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
