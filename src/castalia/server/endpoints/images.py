"""POST /v1/images/generations"""

import base64

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest

from castalia.server.desk import DeskDependency
from castalia.server.http.extras import castalia_extras
from castalia.server.http.streaming import completed
from castalia.server.http.told import output_url
from castalia.server.schemas.images import ImagesBody
from castalia.serving.pipeline import answer
from castalia.serving.summary import check_released

router = APIRouter(prefix="/v1/images/generations", tags=["images"])


@router.post("")
async def create_image(body: ImagesBody, http: HttpRequest, desk: DeskDependency) -> dict[str, object]:
    """Pictures as base64, or as URLs of this server (which ask for the key like everything else)."""
    result, _ = await completed(http, answer(desk.house, body.request()), desk.queue)
    check_released(result)
    data: list[dict[str, object]] = []
    for number, part in enumerate(result.outputs):
        if part.path is None:
            continue
        if body.response_format == "url":
            data.append({"url": output_url(str(http.base_url), result.id, number)})
        else:
            data.append({"b64_json": base64.b64encode(part.path.read_bytes()).decode("ascii")})
    output_format = result.options.get("format", "png")
    created = int(result.created.timestamp())
    return {"created": created, "data": data, "output_format": output_format, "castalia": castalia_extras(result)}
