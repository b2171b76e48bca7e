"""A service as an ASGI app: its map turned into a consumer, command routes, a relay and what operators look at."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import inbox, relay
from shared.clock import Clock
from shared.consumer.line import Line
from shared.consumer.subscriber import Subscription
from shared.contracts.envelope import Rejected
from shared.database import create_engine
from shared.decision import Map
from shared.http import QuotedSlashes, commands, dead_letters, documents, idempotency, problems, reads, rejections
from shared.migrate import versions_of
from shared.operations import router as operations
from shared.relay import Relay
from shared.routing import Finds, Hears, Takes
from shared.settings import load
from shared.telemetry import set_up_logs

log = logging.getLogger(__name__)

STOP_CONSUMER, STOP_RELAY = 4.5, 3.0
"""Seconds that each gets to finish; with the requests' two, a service ends within ten."""

LINE_CONNECTIONS = 4
"""For consumer, relay, clocks and readiness: HTTP has a pool of its own and cannot take theirs."""


def service(
    name: str,
    rows: Sequence[Hears | Takes],
    rejected: type[Rejected],
    routers: Sequence[APIRouter] = (),
    finds: Sequence[Finds] = (),
) -> FastAPI:
    """Make the app of a service; it reads its settings and connects when it is started."""
    of = Map(name, rows, rejected, finds)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running(app, of):
            yield

    # /docs with its scripts: a warehouse's network reaches no CDN
    app = FastAPIOffline(
        title=f"Tracelot {name}",
        version="0.1.0",
        lifespan=lifespan,
        redoc_url=None,
        generate_unique_id_function=reads.operation_ids(name),
    )
    app.state.map, app.state.versions = of, versions_of(name)
    app.add_middleware(QuotedSlashes)
    problems.install(app)
    documents.install(app, [row for row in rows if isinstance(row, Takes)])
    for router in (*routers, commands.routes(of), rejections.router, dead_letters.router, operations):
        app.include_router(router)
    return app


def _calm_collector() -> None:
    """Look for garbage cycles seldom: a batch makes thousands of objects and hardly a cycle.

    At Python's default of every 700 objects a third of a handler's time went into looking through all of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


@asynccontextmanager
async def _running(app: FastAPI, of: Map) -> AsyncIterator[None]:
    settings = load(of.service)
    set_up_logs(of.service, settings.log_level)
    _calm_collector()
    url = settings.database_url.get_secret_value()
    app.state.engine = create_engine(url, f"{of.service}-http", settings.pool_size)
    engine = create_engine(url, f"{of.service}-line", LINE_CONNECTIONS)
    publisher = Relay(of.service, engine, settings.kafka_bootstrap_servers)
    line = Line(of, engine, publisher.wake)
    topics = sorted({row.message.TOPIC.name for row in of.rows})
    subscription = Subscription(of.service, topics, line, settings)
    app.state.wake, app.state.line_engine, app.state.line = publisher.wake, engine, line
    app.state.relay, app.state.subscription, app.state.stopping = publisher, subscription, False
    app.state.clocks = clocks = [Clock(of, row, engine, publisher.wake) for row in of.finds]
    try:
        await subscription.start()  # without Kafka at the start there is no service: it raises
        publishing = asyncio.create_task(publisher.run())
        others = [asyncio.create_task(clock.run(settings.clock_seconds)) for clock in clocks]
        others.append(asyncio.create_task(_tidy(engine, of.service)))
        try:
            log.info("up: takes %s", ", ".join(topics))
            yield
        finally:
            app.state.stopping = True
            for clock in clocks:
                clock.stop()
            line.stop()
            await _within(STOP_CONSUMER, subscription.stop())
            publisher.stop()
            await _within(STOP_RELAY, publishing)
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            log.info("down")
    finally:
        await engine.dispose()
        await app.state.engine.dispose()


async def _within(seconds: float, work: Awaitable[Any]) -> None:
    """Wait for something to finish, but only so long: what is cut off here is done again after the next start."""
    try:
        await asyncio.wait_for(work, seconds)
    except Exception as error:  # noqa: BLE001 - nothing may keep a service from stopping
        log.warning("stopped before it had finished: %s", type(error).__name__)


async def _tidy(engine: AsyncEngine, name: str) -> None:
    """Count the outbox, and every hour forget what is too old to come again, for as long as the service runs."""
    for passes in count():
        try:
            await relay.count(engine, name)
            if passes % 360 == 0:
                await inbox.prune(engine)
                await idempotency.prune(engine)
        except Exception as error:  # noqa: BLE001 - the database may be away, or it has a bug
            log.warning("tidying is tried again: %s", f"{type(error).__name__}: {error}".split("\n", 1)[0])
        await asyncio.sleep(10)
