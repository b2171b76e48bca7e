"""Endpoints for operators: health, readiness, metrics, AsyncAPI document."""

import asyncio
import time
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ConfigDict

from shared.contracts.model import KnownFieldsModel
from shared.identifiers import rfc3339
from shared.messaging import scheduler
from shared.messaging.batch_consumer import Halt
from shared.ops.asyncapi import build_document
from shared.ops.telemetry import CONSUMER_LAG, describe_error
from shared.persistence.migrate import SchemaState, UnknownRevisionError, find_schema_state

router = APIRouter(tags=["operations"])
STALE_AFTER = 30.0
"""Seconds without a response from the broker after which the consumer is considered disconnected."""


class Health(KnownFieldsModel):
    """The process responds."""

    status: Literal["alive"] = "alive"


class Readiness(KnownFieldsModel):
    """Readiness of a service; further fields describe the causes if it is not ready."""

    model_config = ConfigDict(extra="allow")

    ready: bool
    migrations: str | None
    outbox_relay: str | None
    jobs: dict[str, Any]
    assigned: list[str]
    warnings: list[str]
    """Risks that do not make the service unready, such as topics with a single replica."""


@router.get("/health", summary="Check that the process is alive")
async def get_health() -> Health:
    """Get the liveness of the process; see /ready for its readiness."""
    return Health()


@router.get(
    "/ready", summary="Check that the service is ready", response_model=Readiness,
    responses={503: {"model": Readiness, "description": "The service is not ready."}},
)  # fmt: skip
async def get_readiness(request: Request) -> JSONResponse:
    """Get the readiness of the service, with the causes if it is not ready."""
    app: FastAPI = request.app
    causes: dict[str, Any] = {}
    if app.state.stopping:
        causes["stopping"] = True
    schema_state, database_causes = await _check_database(app)
    causes |= database_causes | _check_kafka(app)
    if (halt := app.state.batch_consumer.halt) is not None:
        causes["halted"] = {
            "topic": halt.topic, "partition": halt.partition, "offset": halt.offset, "error": halt.error,
            "halted_at": rfc3339(halt.halted_at), "attempts": halt.attempts,
            "next_attempt_at": rfc3339(halt.next_attempt_at), "action": _describe_action(halt),
        }  # fmt: skip
    if app.state.batch_consumer.last_error is not None:
        causes["consumer"] = app.state.batch_consumer.last_error
    assigned = sorted(
        f"{partition.topic}/{partition.partition}" for partition in app.state.batch_consumer.assignment.partitions
    )
    status = {
        "ready": not causes, "migrations": schema_state, **causes, "outbox_relay": app.state.relay.last_error,
        "jobs": scheduler.job_status(app.state.job_runners), "assigned": assigned,
        "warnings": app.state.topic_monitor.warnings,
    }  # fmt: skip
    return JSONResponse(status, 503 if causes else 200)


def _describe_action(halt: Halt) -> str:
    """Describe how to end a halt; only a record at fault is skipped."""
    option = "--malformed " if halt.is_malformed else ""
    skip = f"tracelot skip {halt.topic} {halt.partition} {halt.offset} {option}--reason … --actor …"
    if halt.is_malformed:
        return f"stop the sender of malformed records; to store them as dead letters: {skip}"
    return f"mend the cause, then the next attempt goes on by itself; only if the record itself is wrong: {skip}"


async def _check_database(app: FastAPI) -> tuple[SchemaState | None, dict[str, Any]]:
    """Return the state of the schema, if known, and the causes that prevent the use of the database."""
    try:
        async with asyncio.timeout(3):
            state = await find_schema_state(app.state.messaging_engine, app.state.versions)
    except UnknownRevisionError as error:
        return None, {"migrations": str(error)}
    except Exception as error:  # noqa: BLE001 - reported in the response
        return None, {"database": describe_error(error)}
    if state is SchemaState.OLDER:
        return state, {"migrations": f"{state}: run `tracelot migrate {app.state.registry.service}`"}
    return state, {}


def _check_kafka(app: FastAPI) -> dict[str, Any]:
    if (poll_error := app.state.subscription.last_error) is not None:
        return {"kafka": f"polls fail: {poll_error}"}
    if not app.state.batch_consumer.assignment.is_joined:
        return {"kafka": "no partitions assigned yet, or rebalancing"}
    consumer = app.state.subscription.consumer
    last_polls = [consumer.last_poll_timestamp(partition) for partition in consumer.assignment()]
    poll_timestamps = [timestamp for timestamp in last_polls if timestamp]
    if poll_timestamps and (silent_seconds := time.time() - max(poll_timestamps) / 1000) > STALE_AFTER:
        return {"kafka": f"no response from the broker for {silent_seconds:.0f} s"}
    return {}


@router.get("/metrics", response_class=PlainTextResponse)
async def get_metrics(request: Request) -> Response:
    """Get the metrics in the Prometheus text format."""
    app: FastAPI = request.app
    CONSUMER_LAG.clear()  # remove partitions of other replicas
    if app.state.batch_consumer.assignment.is_joined:
        consumer = app.state.subscription.consumer
        committed_offsets = app.state.batch_consumer.assignment.committed_offsets
        for partition in consumer.assignment():
            if (end := consumer.highwater(partition)) is not None:
                offset = committed_offsets.get(partition)
                lag = end - (await consumer.position(partition) if offset is None else offset)
                CONSUMER_LAG.labels(app.state.registry.service, partition.topic, partition.partition).set(lag)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/asyncapi", summary="Get the AsyncAPI document")
async def get_asyncapi(request: Request) -> dict[str, Any]:
    """Get the published and consumed messages of this service, as AsyncAPI 3."""
    return build_document(request.app.state.registry, request.app.state.topic_prefix)
