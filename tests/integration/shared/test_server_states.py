"""States of the database server that are no fault of a record: the consumer waits and goes on by itself."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.stack import Stack
from tests.integration.shared.conftest import StartService
from tests.integration.shared.probes import get_readiness, has_units, new_box_id
from tests.support.auth import bearer
from tests.support.polling import wait_until
from tests.support.toy.messages import Arrived

TERMINATE_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'toy' AND application_name LIKE 'toy-%'"
)
STATES = {
    # Sessions opened in this state stay read-only, like those to a demoted primary: they must be discarded.
    "read-only server": (
        f"ALTER DATABASE toy SET default_transaction_read_only = on; {TERMINATE_SESSIONS}",
        "ALTER DATABASE toy RESET default_transaction_read_only",
        "read-only transaction",
    ),
    "missing grant": (
        "REVOKE INSERT ON unit FROM toy_app",
        "GRANT INSERT ON unit TO toy_app",
        "permission denied",
    ),
}


@pytest.fixture
async def superuser(stack: Stack, toy: Mapping[str, str]) -> AsyncIterator[asyncpg.Connection]:
    """Connect to the database of the toy service as superuser."""
    assert stack.postgres is not None
    assert toy
    connection = await asyncpg.connect(stack.postgres.superuser_url.rpartition("/")[0] + "/toy")
    yield connection
    await connection.close()


@pytest.mark.parametrize("state", STATES)
async def test_server_state_never_halts_the_consumer(
    start: StartService, engine: AsyncEngine, publish: Callable[..., Any], superuser: asyncpg.Connection, state: str
) -> None:
    """Neither a read-only server nor a missing grant halts: HTTP answers 503, and both go on once it is mended."""
    enter, leave, message = STATES[state]
    service, box = start(), new_box_id()
    await publish(Arrived(box=box, serials=["1"]))
    await wait_until(has_units(engine, box, 1))
    await superuser.execute(enter)
    try:
        await publish(Arrived(box=box, serials=["2"]))

        async def report_of_failure() -> Any:
            _, report = await get_readiness(service)
            assert "halted" not in report, report
            return message in report.get("consumer", "") and report

        report = await wait_until(report_of_failure)
        assert "skip" not in str(report)
        async with httpx.AsyncClient(base_url=service.url, headers=bearer()) as http:
            headers = {**bearer("ann"), "Idempotency-Key": box}
            answer = await http.post(f"/boxes/{box}/units", json={"serials": ["3"]}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
            assert "Retry-After" in answer.headers
    finally:
        await superuser.execute(leave)
    await wait_until(has_units(engine, box, 2))

    async def is_ready_again() -> bool:
        return (await get_readiness(service))[0] == 200

    await wait_until(is_ready_again)
    async with httpx.AsyncClient(base_url=service.url, headers=bearer()) as http:
        answer = await http.post(f"/boxes/{box}/units", json={"serials": ["3"]}, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
