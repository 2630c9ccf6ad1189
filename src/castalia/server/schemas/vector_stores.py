"""The bodies of /v1/vector_stores."""

from pydantic import Field

from castalia.server.schemas.extras import Strict


class StoreBody(Strict):
    """A collection to make or to rename."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    file_ids: list[str] = Field(default_factory=list[str], max_length=100)
    metadata: dict[str, str] | None = None


class AttachBody(Strict):
    """A file to take in."""

    file_id: str
    attributes: dict[str, str | float | bool] | None = None


class BatchBody(Strict):
    """Files to take in."""

    file_ids: list[str] = Field(min_length=1, max_length=100)
    attributes: dict[str, str | float | bool] | None = None


class SearchBody(Strict):
    """A question to the documents of a vector store."""

    query: str | list[str]
    max_num_results: int = Field(default=10, ge=1, le=50)
    rewrite_query: bool = False
