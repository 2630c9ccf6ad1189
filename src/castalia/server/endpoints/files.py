"""/v1/files: OpenAI's files."""

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import FileResponse

from castalia.server.desk import DeskDependency
from castalia.serving.uploads import Upload, forget_upload, upload, upload_of, uploads

router = APIRouter(prefix="/v1/files", tags=["files"])


@router.post("")
def create_file(
    desk: DeskDependency, file: Annotated[UploadFile, File()], purpose: Annotated[str, Form()] = "assistants"
) -> dict[str, object]:
    """Keep a file; what it is shows when it is taken into a vector store."""
    return file_object(upload(desk.house, file.file.read(), file.filename or "file", purpose))


@router.get("")
def list_files(desk: DeskDependency, purpose: str | None = None) -> dict[str, object]:
    """All files, the newest first."""
    found = [file_object(one) for one in uploads(desk.house) if purpose in {None, one.purpose}]
    return {"object": "list", "data": found, "has_more": False}


@router.get("/{id}")
def get_file(id: str, desk: DeskDependency) -> dict[str, object]:
    """One file."""
    return file_object(upload_of(desk.house, id))


@router.get("/{id}/content")
def get_content(id: str, desk: DeskDependency) -> FileResponse:
    """Its bytes, never shown as a page."""
    kept = upload_of(desk.house, id)
    return FileResponse(
        desk.house.home / kept.path,
        media_type="application/octet-stream",
        filename=kept.name,
        headers={"X-Content-Type-Options": "nosniff"},
    )


@router.delete("/{id}")
def delete_file(id: str, desk: DeskDependency) -> dict[str, object]:
    """Delete it, and its passages in every vector store."""
    forget_upload(desk.house, id)
    return {"id": id, "object": "file", "deleted": True}


def file_object(one: Upload) -> dict[str, object]:
    """A file as OpenAI tells it."""
    return {
        "id": one.id,
        "object": "file",
        "bytes": one.size,
        "created_at": int(one.created.timestamp()),
        "filename": one.name,
        "purpose": one.purpose,
        "status": "processed",
    }
