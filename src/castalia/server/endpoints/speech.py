"""POST /v1/audio/speech"""

import base64
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from castalia.core.events import Completed, MediaChunk
from castalia.core.requests import Request
from castalia.server.desk import Desk, DeskDependency
from castalia.server.http.streaming import bridged, sse, started, with_errors
from castalia.server.schemas.speech import SpeechBody
from castalia.serving.pipeline import answer

router = APIRouter(prefix="/v1/audio/speech", tags=["speech"])

MEDIA_TYPES = {"mp3": "audio/mpeg", "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav", "pcm": "audio/pcm"}
WAV_HEADER = 44


@router.post("", response_model=None)
async def create_speech(body: SpeechBody, desk: DeskDependency) -> Response:
    """Speech, sent sentence by sentence. Its verdict stands in the record: ``X-Castalia-Result`` names it."""
    request = body.request()
    headers = {"X-Castalia-Result": request.id, "Cache-Control": "no-store"}
    if body.stream_format == "sse":
        events = await started(_sse_events(request, desk))
        return StreamingResponse(with_errors(events), media_type="text/event-stream", headers=headers)
    chunks = await started(_audio(request, desk, headless=body.response_format == "pcm"))
    return StreamingResponse(chunks, media_type=MEDIA_TYPES[body.response_format], headers=headers)


async def _audio(request: Request, desk: Desk, *, headless: bool) -> AsyncGenerator[bytes]:
    first = True
    async with aclosing(bridged(answer(desk.house, request), desk.queue)) as events:
        async for event in events:
            if isinstance(event, MediaChunk) and event.data:
                yield event.data[WAV_HEADER:] if first and headless else event.data
                first = False


async def _sse_events(request: Request, desk: Desk) -> AsyncGenerator[bytes]:
    async with aclosing(bridged(answer(desk.house, request), desk.queue)) as events:
        async for event in events:
            if isinstance(event, MediaChunk) and event.data:
                audio = base64.b64encode(event.data).decode("ascii")
                yield sse({"type": "speech.audio.delta", "audio": audio})
            elif isinstance(event, Completed):
                usage = event.result.usage
                counts = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
                yield sse({"type": "speech.audio.done", "usage": {**counts, "total_tokens": usage.total_tokens}})
