"""What an error becomes over HTTP."""

import httpx
from fastapi import FastAPI

from shared.database import LostRaceError
from shared.http import problems


async def test_a_race_that_was_lost_too_often_is_no_mistake_of_ours() -> None:
    """Whoever met too much company is asked to come again: 503 with Retry-After, as nothing was changed."""
    app = FastAPI()
    problems.install(app)

    @app.get("/busy")
    async def busy() -> None:
        raise LostRaceError

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.get("/busy")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
