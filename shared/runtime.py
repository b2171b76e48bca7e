"""Application factory: an ASGI app with consumer, command routes, outbox relay, jobs and operator endpoints."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi_offline import FastAPIOffline
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.http import (
    EncodedSlashMiddleware,
    ReportFiles,
    RequestLimitMiddleware,
    absence,
    commands,
    dead_letters,
    idempotency,
    openapi,
    pages,
    problems,
    reads,
    rejections,
)
from shared.http.auth import AuthenticationMiddleware, authorize, token_verifier
from shared.http.known_parameters import require_known_parameters
from shared.imports import ImportKind, retention
from shared.imports.api import build_router as build_import_router
from shared.imports.runner import ImportRunner
from shared.messaging import inbox, relay
from shared.messaging.batch_consumer import BatchConsumer
from shared.messaging.handlers import CommandHandler, EventHandler, Policy, Save, ScheduledJob
from shared.messaging.progress import ConsumerProgress
from shared.messaging.progress_monitor import ProgressMonitor
from shared.messaging.registry import HandlerRegistry
from shared.messaging.relay import OutboxRelay
from shared.messaging.scheduler import JobRunner
from shared.messaging.subscriber import Subscription
from shared.ops.operations import router as operations
from shared.ops.telemetry import configure_logging, describe_error
from shared.ops.topic_monitor import TopicMonitor
from shared.persistence.connections import TransactionPoolingError
from shared.persistence.database import create_engine
from shared.persistence.migrate import versions_folder
from shared.scans import use_substitute
from shared.settings import Settings, load_settings
from shared.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

CONSUMER_STOP_TIMEOUT, RELAY_STOP_TIMEOUT = 4.5, 3.0
"""Seconds to finish each; with the two of HTTP requests, a service stops within ten."""

MESSAGING_POOL_SIZE = 4
"""Connections for consumer, relay, jobs and readiness; HTTP has separate pools."""
REPORT_POOL_SIZE = 2
"""Connections for reports as files, which slow readers may occupy for minutes."""


def create_app(
    name: str,
    handlers: Sequence[EventHandler | CommandHandler],
    unit_of_work: type[UnitOfWork],
    routers: Sequence[APIRouter] = (),
    *,
    save: Save,
    policies: Sequence[Policy] = (),
    jobs: Sequence[ScheduledJob] = (),
    imports: Sequence[ImportKind] = (),
) -> FastAPI:
    """Create the app of a service; it loads its settings and connects at startup."""
    registry = HandlerRegistry(name, handlers, unit_of_work, save, policies, jobs)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _run_service(app, registry, imports):
            yield

    # serves the scripts of /docs itself, for networks without access to a CDN
    app = FastAPIOffline(
        title=f"Tracelot {name}",
        version="0.1.0",
        lifespan=lifespan,
        redoc_url=None,
        generate_unique_id_function=reads.operation_ids(name),
        dependencies=[Depends(authorize), Depends(require_known_parameters), Depends(pages.bind_list)],
    )
    app.state.registry, app.state.versions, app.state.topic_prefix = registry, versions_folder(name), ""
    app.state.progress = ConsumerProgress()
    app.add_middleware(EncodedSlashMiddleware)
    app.add_middleware(RequestLimitMiddleware)
    app.add_middleware(AuthenticationMiddleware)
    problems.install_exception_handlers(app)
    absence.install_exception_handler(app)
    openapi.install_openapi(app, [handler for handler in handlers if isinstance(handler, CommandHandler)])
    if imports:
        app.include_router(build_import_router(imports))
    for router in (*routers, commands.build_router(registry), rejections.router, dead_letters.router, operations):
        app.include_router(router)
    return app


def _configure_process(service: str, settings: Settings) -> None:
    configure_logging(service, settings.log_level)
    use_substitute(settings.fnc1)
    _tune_gc()


def _tune_gc() -> None:
    """Run the garbage collector rarely: a batch creates thousands of objects and hardly any cycle.

    With Python's default threshold of 700 objects, collections took a third of the time of a handler.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


@asynccontextmanager
async def _run_service(app: FastAPI, registry: HandlerRegistry, imports: Sequence[ImportKind]) -> AsyncIterator[None]:
    settings = load_settings(registry.service)
    _configure_process(registry.service, settings)
    url = settings.database_url.get_secret_value()
    app.state.engine = create_engine(url, f"{registry.service}-http", settings.pool_size)
    report_engine = create_engine(url, f"{registry.service}-reports", REPORT_POOL_SIZE)
    app.state.report_files = ReportFiles(report_engine)
    engine = create_engine(url, f"{registry.service}-messaging", MESSAGING_POOL_SIZE)
    outbox_relay = OutboxRelay(registry.service, engine, settings)
    batch_consumer = BatchConsumer(registry, engine, outbox_relay.wake, settings.topic_prefix, token_verifier())
    topics = sorted({settings.topic_name(handler.message.TOPIC.name) for handler in registry.handlers})
    app.state.topic_prefix = settings.topic_prefix
    app.state.topic_monitor = topic_monitor = TopicMonitor(registry, settings)
    subscription = Subscription(registry.service, topics, batch_consumer, settings)
    app.state.progress = ConsumerProgress(settings.not_found_after_seconds)
    progress_monitor = ProgressMonitor(registry.service, app.state.progress, subscription, settings)
    app.state.wake, app.state.messaging_engine, app.state.batch_consumer = outbox_relay.wake, engine, batch_consumer
    app.state.relay, app.state.subscription, app.state.stopping = outbox_relay, subscription, False
    job_runners: list[JobRunner | ImportRunner] = [
        JobRunner(registry, job, engine, outbox_relay.wake) for job in registry.jobs
    ]
    if imports:
        job_runners.append(
            ImportRunner(registry, imports, engine, outbox_relay.wake, lambda: app.state.progress.is_settled)
        )
    app.state.job_runners = job_runners
    try:
        await _refuse_transaction_pooling(engine)
        await subscription.start()  # raises if Kafka is unavailable at startup
        relay_task = asyncio.create_task(outbox_relay.run())
        background_tasks = [
            asyncio.create_task(runner.run(settings.scheduler_interval_seconds)) for runner in job_runners
        ]
        import_retention = timedelta(days=settings.import_retention_days)
        background_tasks.append(asyncio.create_task(_housekeeping(engine, registry.service, imports, import_retention)))
        background_tasks.append(asyncio.create_task(topic_monitor.run()))
        background_tasks.append(asyncio.create_task(progress_monitor.run()))
        try:
            log.info("started, consuming %s", ", ".join(topics))
            yield
        finally:
            app.state.stopping = True
            for runner in job_runners:
                runner.stop()
            batch_consumer.stop()
            await _with_timeout(CONSUMER_STOP_TIMEOUT, subscription.stop())
            outbox_relay.stop()
            await _with_timeout(RELAY_STOP_TIMEOUT, relay_task)
            for task in background_tasks:
                task.cancel()
            await asyncio.gather(*background_tasks, return_exceptions=True)
            log.info("stopped")
    finally:
        await engine.dispose()
        await app.state.engine.dispose()
        await report_engine.dispose()


async def _refuse_transaction_pooling(engine: AsyncEngine) -> None:
    """Raise if the database is behind a pooler in transaction mode; an unavailable database is awaited later."""
    try:
        async with engine.connect():
            pass
    except TransactionPoolingError:
        raise
    except Exception as error:  # noqa: BLE001 - readiness reports it
        log.warning("database is not available yet: %s", describe_error(error))


async def _with_timeout(seconds: float, awaitable: Awaitable[Any]) -> None:
    """Wait for a task with a timeout; interrupted work is repeated after the next start."""
    try:
        await asyncio.wait_for(awaitable, seconds)
    except Exception as error:  # noqa: BLE001 - errors must not prevent shutdown
        log.warning("not finished before shutdown: %s", type(error).__name__)


async def _housekeeping(
    engine: AsyncEngine, service: str, imports: Sequence[ImportKind], import_retention: timedelta
) -> None:
    """Update the outbox metrics, and prune inbox, idempotency keys and imports every hour."""
    for iteration in count():
        try:
            await relay.count_pending(engine, service)
            if iteration % 360 == 0:
                await inbox.prune(engine)
                await idempotency.prune(engine)
                if imports:
                    await retention.prune(engine, imports, import_retention)
        except Exception as error:  # noqa: BLE001 - for example, the database is unavailable
            log.warning("housekeeping failed, retrying: %s", describe_error(error))
        await asyncio.sleep(10)
