"""The bodies of /v1/vector_stores."""

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StringConstraints, model_validator

from castalia.core.filters import Filter, Search
from castalia.server.schemas.conversations import Metadata
from castalia.server.schemas.extras import Strict
from castalia.server.schemas.ranking import RankingOptions
from castalia.serving.stores import Wanted

MOST_FILES = 100
Attributes = Annotated[
    dict[
        Annotated[str, StringConstraints(max_length=64)],
        Annotated[str, StringConstraints(max_length=512, strict=True)] | StrictBool | StrictInt | StrictFloat,
    ],
    Field(max_length=16),
]
"""Up to 16 texts, numbers and truths by name."""


class ExpiresAfter(Strict):
    """Days after its last use when a store expires and its documents are deleted."""

    anchor: Literal["last_active_at"]
    days: int = Field(ge=1, le=365)


class AutoChunking(Strict):
    """Passages follow the structure of a document; their size cannot be set."""

    type: Literal["auto"]


class StoreUpdate(Strict):
    """Another name, other metadata or expiry."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    metadata: Metadata | None = None
    expires_after: ExpiresAfter | None = None


class StoreBody(StoreUpdate):
    """A collection to make."""

    description: str | None = Field(default=None, max_length=512)
    file_ids: list[str] = Field(default_factory=list[str], max_length=MOST_FILES)
    chunking_strategy: AutoChunking | None = None


class AttachBody(Strict):
    """A file to take in."""

    file_id: str
    attributes: Attributes | None = None
    chunking_strategy: AutoChunking | None = None


class AttributesBody(Strict):
    """Attributes in the place of those that a file had."""

    attributes: Attributes | None


class BatchBody(Strict):
    """Files to take in: by their ids, all with the same attributes, or each with its own."""

    file_ids: list[str] | None = Field(default=None, min_length=1, max_length=MOST_FILES)
    files: list[AttachBody] | None = Field(default=None, min_length=1, max_length=MOST_FILES)
    attributes: Attributes | None = None
    chunking_strategy: AutoChunking | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.file_ids is None) == (self.files is None):
            raise ValueError("give either file_ids or files")
        return self

    @property
    def wanted(self) -> list[Wanted]:
        """The files with their attributes."""
        if self.files is not None:
            return [Wanted(one.file_id, dict(one.attributes or {})) for one in self.files]
        return [Wanted(file, dict(self.attributes or {})) for file in self.file_ids or []]


class SearchBody(Strict):
    """A question to the documents of a vector store."""

    query: str | list[str]
    max_num_results: int = Field(default=10, ge=1, le=50)
    filters: Filter | None = None
    ranking_options: RankingOptions = RankingOptions()
    rewrite_query: bool = False

    @property
    def search(self) -> Search:
        """How to search."""
        threshold = self.ranking_options.score_threshold
        return Search(most=self.max_num_results, filters=self.filters, threshold=threshold)
