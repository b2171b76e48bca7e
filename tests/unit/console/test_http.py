"""Answers of services: a verdict ends a command; without one the browser sends it again."""

import httpx
import pytest

from services.console.clients.http import ServiceClient, UnavailableError
from services.console.design.station import Outcome
from services.console.stations import judge


async def record(status: int) -> Outcome:
    """Judge a scan whose service answers with a status."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"code": "c", "title": "t", "detail": "d"}))
    async with httpx.AsyncClient(transport=transport, base_url="http://receiving") as client:
        service = ServiceClient("receiving", client, {})

        async def send() -> Outcome:
            await service.post("/scans", {}, dict[str, str], key="k1")
            raise AssertionError

        return await judge(["PU-1"], send())


@pytest.mark.parametrize("status", [401, 408, 429, 500, 503])
async def test_a_refusal_of_the_moment_is_no_verdict(status: int) -> None:
    """S13: a service without its keys, too slow or too busy judges no scan: the lane keeps it and waits."""
    with pytest.raises(UnavailableError):
        await record(status)


@pytest.mark.parametrize("status", [403, 404, 409, 422])
async def test_a_refusal_of_what_is_asked_is_the_verdict(status: int) -> None:
    """S16: each scan of a refused command gets the reason as its row."""
    [verdict] = (await record(status)).verdicts
    assert (verdict.text, verdict.tone) == ("PU-1", "bad")
