"""What operators and their tools ask of a running service: alive, ready, metrics, what it says and hears."""

import asyncio
import time
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ConfigDict

from shared import clock
from shared.asyncapi import document
from shared.contracts.model import KnownFieldsModel
from shared.database import ping
from shared.identifiers import rfc3339
from shared.migrate import UnknownRevisionError, at_head
from shared.telemetry import LAG

router = APIRouter(tags=["operations"])
SILENT = 30.0
"""Seconds without an answer of the broker after which a consumer counts as cut off."""


class Health(KnownFieldsModel):
    """A process that answers."""

    status: Literal["alive"] = "alive"


class Readiness(KnownFieldsModel):
    """Whether a service can work; what is in the way stands in further fields."""

    model_config = ConfigDict(extra="allow")

    ready: bool
    relay: str | None
    clocks: dict[str, Any]
    assigned: list[str]


@router.get("/health", summary="Check that the process is alive")
async def get_health() -> Health:
    """Whether the process lives; whether it can work is what /ready tells."""
    return Health()


@router.get(
    "/ready", summary="Check that the service can work", response_model=Readiness,
    responses={503: {"model": Readiness, "description": "It cannot work now."}},
)  # fmt: skip
async def get_readiness(request: Request) -> JSONResponse:
    """Whether it can do its work now, and if not, what is in the way."""
    app: FastAPI = request.app
    wrong: dict[str, Any] = {}
    if app.state.stopping:
        wrong["stopping"] = True
    wrong |= await _database(app) | _kafka(app)
    if (halt := app.state.line.halt) is not None:
        way_on = "--malformed " if halt.malformed else ""
        wrong["halted"] = {
            "topic": halt.topic, "partition": halt.partition, "offset": halt.offset, "error": halt.error,
            "since": rfc3339(halt.since),
            "remedy": f"tracelot skip {halt.topic} {halt.partition} {halt.offset} {way_on}--reason … --actor …",
        }  # fmt: skip
    if app.state.line.trouble is not None:
        wrong["consumer"] = app.state.line.trouble
    assigned = sorted(f"{at.topic}/{at.partition}" for at in app.state.line.assignment.partitions)
    told = {
        "ready": not wrong, **wrong, "relay": app.state.relay.trouble, "clocks": clock.told(app.state.clocks),
        "assigned": assigned,
    }  # fmt: skip
    return JSONResponse(told, 503 if wrong else 200)


async def _database(app: FastAPI) -> dict[str, Any]:
    try:
        async with asyncio.timeout(3):
            await ping(app.state.line_engine)
            if not await at_head(app.state.line_engine, app.state.versions):
                return {"migrations": "not at head: run `tracelot migrate`"}
    except UnknownRevisionError as error:
        return {"migrations": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return {"database": f"{type(error).__name__}: {error}".split("\n", 1)[0][:500]}
    return {}


def _kafka(app: FastAPI) -> dict[str, Any]:
    if (trouble := app.state.subscription.trouble) is not None:
        return {"kafka": f"polls fail: {trouble}"}
    if not app.state.line.assignment.joined:
        return {"kafka": "not assigned yet, or a rebalance is under way"}
    consumer = app.state.subscription.consumer
    polls = [consumer.last_poll_timestamp(at) for at in consumer.assignment()]
    known = [poll for poll in polls if poll]
    if known and (silent := time.time() - max(known) / 1000) > SILENT:
        return {"kafka": f"no answer of the broker for {silent:.0f} s"}
    return {}


@router.get("/metrics", response_class=PlainTextResponse)
async def get_metrics(request: Request) -> Response:
    """Figures in Prometheus's format."""
    app: FastAPI = request.app
    LAG.clear()  # of partitions that went to another replica
    if app.state.line.assignment.joined:
        consumer = app.state.subscription.consumer
        for at in consumer.assignment():
            if (high := consumer.highwater(at)) is not None:
                stands = app.state.line.assignment.stands.get(at)
                lag = high - (await consumer.position(at) if stands is None else stands)
                LAG.labels(app.state.map.service, at.topic, at.partition).set(lag)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/asyncapi", summary="Get the AsyncAPI document")
async def get_asyncapi(request: Request) -> dict[str, Any]:
    """What this service says and hears over Kafka, as AsyncAPI 3."""
    return document(request.app.state.map)
