"""History: every request with its result, its verdict and the reviewer's word."""

from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Literal

import sqlalchemy as sa

from castalia.core.errors import BadRequest, CastaliaError, NotFound
from castalia.core.requests import Request
from castalia.core.results import Result
from castalia.store.database import Database
from castalia.store.tables import results

Review = Literal["open", "accepted", "rejected"]


@dataclass(frozen=True)
class Entry:
    """A line of history: the request as stored (perhaps redacted), and its result or its error."""

    request: Request
    result: Result | None
    error: dict[str, object] | None
    review: Review | None
    review_note: str | None
    created: datetime


@dataclass(frozen=True)
class Experience:
    """What the record says of a model: results, how many of them passed, their median seconds without loading."""

    n: int
    passed: int
    seconds: float


class History:
    """Results in the database; their media lie in `castalia.store.blobs.Blobs`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def record(self, request: Request, result: Result) -> None:
        """Keep a result; one whose verdict is not ``pass`` waits for review."""
        with self.database.begin() as connection:
            connection.execute(
                sa.insert(results).values(
                    id=result.id,
                    created=result.created,
                    status=result.verdict.status,
                    modality=result.choice.modality,
                    model=result.choice.model,
                    request=request.model_dump(mode="json"),
                    result=_without_data(result).model_dump(mode="json"),
                    review=None if result.verdict.status == "pass" else "open",
                )
            )

    def record_failure(self, request: Request, error: CastaliaError) -> None:
        """Keep a request that ended in an error."""
        with self.database.begin() as connection:
            connection.execute(
                sa.insert(results).values(
                    id=request.id,
                    created=datetime.now(UTC),
                    status="error",
                    request=request.model_dump(mode="json"),
                    error=error.as_dict(),
                )
            )

    def get(self, id: str) -> Entry:
        """The entry of that result. Raises NotFound."""
        with self.database.begin() as connection:
            row = connection.execute(sa.select(results).where(results.c.id == id)).mappings().first()
        if row is None:
            raise NotFound(
                f"There is no result {id!r}.", hint="Results print their id; castalia review lists the open ones."
            )
        return _entry(row)

    def newest(self, limit: int = 50, review: Review | None = None) -> list[Entry]:
        """The newest entries first; with ``review`` only those in that state."""
        query = sa.select(results).order_by(results.c.created.desc()).limit(limit)
        if review is not None:
            query = query.where(results.c.review == review)
        with self.database.begin() as connection:
            return [_entry(row) for row in connection.execute(query).mappings().all()]

    def experience(self, limit: int = 1000) -> dict[str, Experience]:
        """What the newest results say of each model that made them; cancelled ones do not count."""
        query = sa.select(
            results.c.model, results.c.status, results.c.result["timing"], results.c.result["finish_reason"]
        )
        query = query.where(results.c.model.is_not(None), results.c.result.is_not(None))
        found: dict[str, list[tuple[bool, float]]] = {}
        with self.database.begin() as connection:
            for model, status, timing, finish in connection.execute(
                query.order_by(results.c.created.desc()).limit(limit)
            ):
                if finish != "cancelled":
                    taken = float(timing["total"]) - float(timing["load"])
                    found.setdefault(model, []).append((status == "pass", taken))
        return {
            model: Experience(len(rows), sum(passed for passed, _ in rows), median(taken for _, taken in rows))
            for model, rows in found.items()
        }

    def set_review(self, id: str, review: Review, note: str = "") -> Entry:
        """Write down what a person decided. Raises NotFound, or BadRequest for a failed request."""
        entry = self.get(id)
        if entry.result is None:
            raise BadRequest(f"The request {id} failed, so there is nothing to review.", hint="Ask it again.")
        with self.database.begin() as connection:
            connection.execute(sa.update(results).where(results.c.id == id).values(review=review, review_note=note))
        return self.get(id)


def _without_data(result: Result) -> Result:
    parts = [part.model_copy(update={"data": None}) for part in result.outputs]
    return result.model_copy(update={"outputs": parts})


def _entry(row: sa.RowMapping) -> Entry:
    return Entry(
        request=Request.model_validate(row["request"]),
        result=None if row["result"] is None else Result.model_validate(row["result"]),
        error=row["error"],
        review=row["review"],
        review_note=row["review_note"],
        created=row["created"],
    )
