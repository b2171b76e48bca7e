"""A service as an ASGI app: its map turned into a consumer, command routes, a relay and what operators look at."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import inbox, relay
from shared.consumer.line import Line
from shared.consumer.subscriber import Subscription
from shared.contracts.envelope import Rejected
from shared.database import create_engine
from shared.decision import Map
from shared.http import commands, dead_letters, documents, idempotency, problems, rejections
from shared.migrate import versions_of
from shared.operations import router as operations
from shared.relay import Relay
from shared.routing import Hears, Takes
from shared.settings import load
from shared.telemetry import set_up_logs

log = logging.getLogger(__name__)
Background = Callable[[AsyncEngine, Callable[[], None]], Coroutine[Any, Any, None]]
"""A task that runs as long as the service: gets the engine, and how to wake the relay after a commit."""

LINE_CONNECTIONS = 4
"""For consumer, relay, background and readiness: HTTP has a pool of its own and cannot take theirs."""


def service(
    name: str,
    rows: Sequence[Hears | Takes],
    rejected: type[Rejected],
    routers: Sequence[APIRouter] = (),
    background: Sequence[Background] = (),
) -> FastAPI:
    """Make the app of a service; it reads its settings and connects when it is started."""
    of = Map(name, rows, rejected)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _running(app, of, background):
            yield

    app = FastAPI(title=f"Tracelot {name}", version="0.1.0", lifespan=lifespan, redoc_url=None)
    app.state.map, app.state.versions = of, versions_of(name)
    problems.install(app)
    documents.install(app, [row.message for row in rows if isinstance(row, Takes)])
    for router in (*routers, commands.routes(of), rejections.router, dead_letters.router, operations):
        app.include_router(router)
    return app


@asynccontextmanager
async def _running(app: FastAPI, of: Map, background: Sequence[Background]) -> AsyncIterator[None]:
    settings = load(of.service)
    set_up_logs(of.service, settings.log_level)
    url = settings.database_url.get_secret_value()
    app.state.engine = create_engine(url, f"{of.service}-http", settings.pool_size)
    engine = create_engine(url, f"{of.service}-line", LINE_CONNECTIONS)
    publisher = Relay(of.service, engine, settings.kafka_bootstrap_servers)
    line = Line(of, engine, publisher.wake)
    topics = sorted({row.message.TOPIC.name for row in of.rows})
    subscription = Subscription(of.service, topics, line, settings)
    app.state.wake, app.state.line_engine, app.state.line = publisher.wake, engine, line
    app.state.relay, app.state.subscription, app.state.stopping = publisher, subscription, False
    try:
        await subscription.broker.start()  # without Kafka at the start there is no service: it raises
        tasks = [asyncio.create_task(publisher.run()), asyncio.create_task(_tidy(engine, of.service))]
        tasks += [asyncio.create_task(work(engine, publisher.wake)) for work in background]
        try:
            log.info("up: takes %s", ", ".join(topics))
            yield
        finally:
            app.state.stopping = True
            line.stop()
            await subscription.broker.stop()
            await publisher.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            log.info("down")
    finally:
        await engine.dispose()
        await app.state.engine.dispose()


async def _tidy(engine: AsyncEngine, name: str) -> None:
    """Count the outbox, and every hour forget what is too old to come again."""
    passes = 0
    while True:
        with suppress(Exception):
            await relay.count(engine, name)
            if passes % 360 == 0:
                await inbox.prune(engine)
                await idempotency.prune(engine)
        passes += 1
        await asyncio.sleep(10)
