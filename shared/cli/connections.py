"""Connections of commands to the database and Kafka of a service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import typer
from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.persistence.database import create_engine
from shared.settings import load_settings

Replay = Callable[[AsyncEngine, AIOKafkaProducer, int], Awaitable[Any]]
"""Publishes a stored record again; returns its topic and partition, or None if it does not exist."""


def fail(message: str) -> NoReturn:
    """End with a message and exit code 1."""
    typer.echo(message, err=True)
    raise typer.Exit(1)


def bearer(token: str) -> dict[str, str]:
    """Return the header of requests that carry a token."""
    if not (token.isascii() and token.isprintable()):
        raise typer.BadParameter("use the token as it was issued", param_hint="--token")
    return {"Authorization": f"Bearer {token}"}


def with_engine(service: str, operation: Callable[[AsyncEngine], Awaitable[None]]) -> None:
    """Run an operation on the database of a service."""

    async def run() -> None:
        engine = create_engine(load_settings(service).database_url.get_secret_value(), "tracelot", 1)
        try:
            await operation(engine)
        finally:
            await engine.dispose()

    asyncio.run(run())


def with_producer(service: str, kind: str, replay: Replay, stored_id: int) -> None:
    """Publish a stored record of a service, and print its topic and partition."""

    async def operation(engine: AsyncEngine) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=load_settings(service).kafka_bootstrap_servers, enable_idempotence=True,
            max_request_size=8 * 1024 * 1024,
        )  # fmt: skip
        try:
            await producer.start()
            position = await replay(engine, producer, stored_id)
        finally:
            await producer.stop()
        if position is None:
            fail(f"{service} has no {kind} {stored_id}")
        typer.echo(f"replayed to {position}")

    with_engine(service, operation)
