"""Server-sent events of a page: the kinds of what changed, and whether the feed is live."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from services.console.live.hub import Hub
from services.console.page import Visitor

router = APIRouter(include_in_schema=False)
BEAT_SECONDS = 5.0
MAX_NAMES = 100


@router.get("/live")
async def follow(visit: Visitor, watch: str = "") -> StreamingResponse:
    """Follow the names that a page watches."""
    names = {name for name in watch.split(",")[:MAX_NAMES] if name}
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(visit.request, names), media_type="text/event-stream", headers=headers)


async def _stream(request: Request, names: set[str]) -> AsyncIterator[str]:
    state = request.app.state
    hub: Hub = state.hub
    with hub.connect(names) as connection:
        yield _event("feed", "live" if state.feed.is_live else "resting")
        async for kinds in connection.kinds(BEAT_SECONDS):
            if state.stopping:
                return
            for kind in kinds:
                yield _event(kind, "")
            if not kinds:
                yield _event("feed", "live" if state.feed.is_live else "resting")


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
