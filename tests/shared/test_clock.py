"""What comes with time: found, decided once, in one replica at a time, whatever fails meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import clock as clocks
from shared.clock import MINE, Clock
from shared.database import transaction
from shared.decision import Map
from tests.shared.conftest import Start
from tests.shared.toy.app import app
from tests.shared.toy.messages import Arrived
from tests.shared.watching import emptied, has, new_box, published, readiness, units, until
from tests.timing import PATIENCE

MAP: Map = app.state.map
LAY = text("""
    INSERT INTO unit (box, serial, place)
    SELECT box, :serial, (SELECT count(*) + 1 FROM unit AS u WHERE u.box = it.box)
    FROM unnest(CAST(:boxes AS text[])) AS it (box)
""")


@pytest.fixture
def clock(engine: AsyncEngine) -> Clock:
    """Make the toy service's clock."""
    return Clock(MAP, MAP.finds[0], engine, lambda: None)


async def lay(engine: AsyncEngine, boxes: list[str], serial: str = "egg") -> None:
    """Lay something into boxes."""
    async with transaction(engine) as tx:
        await tx.run(LAY, {"boxes": boxes, "serial": serial})


async def test_a_round_takes_what_is_due_once_so_much_a_transaction(
    engine: AsyncEngine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand due are taken in transactions of a bounded size, a second round finds nothing."""
    begun = 0
    whole = clock._transaction  # noqa: SLF001 - the unit that is counted

    async def counted(*given: Any) -> bool:
        nonlocal begun
        begun += 1
        done = await whole(*given)
        assert len(given[-1]) <= clocks.MANY
        return done

    monkeypatch.setattr(clock, "_transaction", counted)
    await lay(engine, [f"box-{number:04}" for number in range(1000)])
    assert await clock.round() == 1000
    assert begun == 1000 / clocks.MANY + 1
    assert await clock.round() == 0
    assert await units(engine, "box-0007") == ["egg", "chick"]
    async with transaction(engine) as tx:
        ((said,),) = await tx.rows(text("SELECT count(*) FROM outbox"))
    assert said == 1000


async def test_what_raises_is_passed_over_and_told(engine: AsyncEngine, clock: Clock) -> None:
    """Of many that are due one raises: all others are done, that one is named and is due again in the next round."""
    await lay(engine, [f"box-{number:02}" for number in range(40)])
    await lay(engine, ["box-17"], "BOOM")
    assert await clock.round() == 39
    assert clock.trouble is not None
    assert "box-17" in clock.trouble
    assert clock.ran is not None
    assert await clock.round() == 0
    assert "box-17" in (clock.trouble or "")


async def test_one_replica_at_a_time(engine: AsyncEngine, clock: Clock) -> None:
    """While another replica is at it there is nothing to do here; afterwards there is."""
    await lay(engine, ["box"])
    async with transaction(engine) as tx:
        assert (await tx.rows(MINE, {"name": clock.name}))[0].mine
        assert await clock.round() == 0
    assert await clock.round() == 1


async def test_two_replicas_together_do_everything_once(engine: AsyncEngine, clock: Clock) -> None:
    """Rounds of two replicas at the same time: each box has one chick."""
    await lay(engine, [f"box-{number:04}" for number in range(500)])
    other = Clock(MAP, MAP.finds[0], engine, lambda: None)
    await asyncio.gather(clock.round(), other.round(), clock.round())
    await clock.round()
    async with transaction(engine) as tx:
        ((chicks, boxes),) = await tx.rows(
            text("SELECT count(*), count(DISTINCT box) FROM unit WHERE serial = 'chick'")
        )
    assert (chicks, boxes) == (500, 500)


async def test_it_runs_in_a_service_until_that_is_stopped(
    start: Start, engine: AsyncEngine, publish: Callable[..., Any]
) -> None:
    """What becomes due is said over Kafka; /ready and /metrics tell when it last ran; SIGTERM ends it cleanly."""
    service, box = start(CLOCK_SECONDS="0.1"), new_box()
    await publish(Arrived(box=box, serials=["egg"]))
    await until(has(engine, box, 2))
    await until(emptied(engine))
    assert [event["data"]["serials"] for event in await published(box)] == [["egg"], ["chick"]]
    _, told = await readiness(service)
    assert told["clocks"]["toy.ripe.v1"]["ran"]
    async with httpx.AsyncClient(base_url=service.url, timeout=PATIENCE) as http:
        metrics = (await http.get("/metrics")).text
    assert 'tracelot_clock_ran_seconds{service="toy",type="toy.ripe.v1"} 1' in metrics
    assert service.stop(PATIENCE) == 0
