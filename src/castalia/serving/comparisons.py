"""Comparisons that others start and follow, on disk in ``<home>/comparisons``."""

from pydantic import Field

from castalia.core.errors import NotFound
from castalia.core.requests import new_id
from castalia.judging.comparing.cells import Comparison
from castalia.judging.comparing.writing import DATA
from castalia.serving.background import BackgroundRun, BackgroundRuns
from castalia.serving.compare import FOLDER, MOST_REQUESTS, SAMPLES, chosen, compare
from castalia.serving.house import House
from castalia.serving.workload import workload_of
from castalia.store.locking import write_whole

REQUESTS = "requests.jsonl"


class ComparisonRun(BackgroundRun):
    """One comparison."""

    id: str = Field(default_factory=lambda: new_id("c"))
    models: list[str]
    samples: int = SAMPLES
    seed: int = 0
    most: int = MOST_REQUESTS
    fresh: bool = False


class Comparisons(BackgroundRuns[ComparisonRun]):
    """The comparisons of a house."""

    def __init__(self, house: House) -> None:
        super().__init__(ComparisonRun, house.home / FOLDER)
        self.house = house

    def start(self, run: ComparisonRun, requests: str = "") -> ComparisonRun:
        """Start in the background; ``requests`` are JSON lines. Raises NotFound and BadRequest at once."""
        chosen(self.house, run.models)
        given = self.folder / run.id / REQUESTS
        if requests:
            workload_of(requests, "the requests")
            write_whole(given, requests.encode())
        return self.launch(
            run,
            lambda: compare(
                self.house,
                run.models,
                requests=given if requests else None,
                samples=run.samples,
                seed=run.seed,
                most=run.most,
                fresh=run.fresh,
                run=run.id,
                command="POST /v1/comparisons",
            ),
        )

    def get(self, id: str) -> ComparisonRun:
        """The one of that id. Raises NotFound."""
        for run in self.every():
            if run.id == id:
                return run
        raise NotFound(f"There is no comparison {id!r}.", hint="GET /v1/comparisons lists them.")

    def cancel(self, id: str) -> ComparisonRun:
        """Stop it at its next step; what has ended stays as it is. Raises NotFound."""
        return self.stop(self.get(id))

    def found(self, run: ComparisonRun) -> Comparison | None:
        """What a completed comparison found."""
        path = self.folder / run.id / DATA
        return Comparison.model_validate_json(path.read_bytes()) if path.is_file() else None
