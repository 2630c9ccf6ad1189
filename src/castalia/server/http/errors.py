"""Errors in OpenAI's shape: ``{"error": {"message", "type", "param", "code"}}``."""

import logging

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from castalia.core.errors import CastaliaError, InternalError

TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
log = logging.getLogger("castalia.server")


def error_body(error: CastaliaError) -> dict[str, object]:
    """The error as OpenAI's clients read it; the hint follows the message. Details, such as all problems of a dataset,
    stand beside it."""
    message = f"{error.message} {error.hint}".strip()
    told = {"message": message, "type": _type(error.http_status), "param": None, "code": error.code}
    return {"error": told | ({"details": error.details} if error.details else {})}


def error_response(error: CastaliaError) -> JSONResponse:
    """The response for an error, with its HTTP status."""
    headers = {"Retry-After": "2"} if error.http_status == 503 else None
    return JSONResponse(error_body(error), status_code=error.http_status, headers=headers)


def _type(status: int) -> str:
    return TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")


def install_error_handlers(app: FastAPI) -> None:
    """Let every error leave in the one shape; unexpected ones are logged and told without their inside."""
    app.add_exception_handler(CastaliaError, _castalia_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


def _castalia_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CastaliaError)  # noqa: S101 - registered for this class
    return error_response(error)


def _validation_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    first = error.errors()[0]
    place = [str(piece) for piece in first["loc"] if piece != "body"]
    param = ".".join(place) or None
    message = f"{param}: {first['msg']}" if param else str(first["msg"])
    if first["type"] == "extra_forbidden":
        message = f"Unrecognised request argument: {param}."
    body = {"message": message, "type": "invalid_request_error", "param": param, "code": first["type"]}
    return JSONResponse({"error": body}, status_code=400)


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    body = {"message": str(error.detail), "type": _type(error.status_code), "param": None, "code": None}
    return JSONResponse({"error": body}, status_code=error.status_code, headers=error.headers)


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error at %s", request.url.path, exc_info=error)
    return error_response(
        InternalError("Something went wrong inside Castalia.", hint="The server's log has the details.")
    )
