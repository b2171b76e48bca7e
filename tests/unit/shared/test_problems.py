"""Error responses over HTTP."""

import httpx
from fastapi import FastAPI

from shared.http import problems
from shared.persistence.errors import ConcurrentUpdateError
from tests.support.auth import bearer


async def test_concurrent_update_returns_503() -> None:
    """A persistent update conflict returns 503 with Retry-After."""
    app = FastAPI()
    problems.install_exception_handlers(app)

    @app.get("/busy")
    async def busy() -> None:
        raise ConcurrentUpdateError

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=bearer()) as http:
        response = await http.get("/busy")
    assert response.status_code == 503
    assert 1 <= int(response.headers["Retry-After"]) <= 5
