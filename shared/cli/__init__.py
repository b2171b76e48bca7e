"""The `tracelot` command: run services, migrate databases, import files, skip records and handle dead letters.

A service adds its own commands with a typer app named `app` in `services.<name>.cli`, run as `tracelot <name> …`.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from signal import SIGINT, SIGTERM, signal
from types import FrameType
from typing import Annotated, Any

import typer
import uvicorn
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.cli import import_mappings, imports, rejections, tokens, topics, users
from shared.cli.connections import fail, with_engine, with_producer
from shared.cli.errors import ErrorReportingGroup
from shared.http.auth import token_verifier
from shared.http.protocol import LimitedHttpProtocol
from shared.messaging import dead_letters, skips
from shared.persistence import migrate as migrations
from shared.persistence.connections import TransactionPoolingError
from shared.persistence.database import read_only, transaction
from shared.persistence.migrate import UnknownRevisionError, service_names
from shared.settings import KafkaSettings, load_settings

app = typer.Typer(cls=ErrorReportingGroup, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
dead_letters_app = typer.Typer(no_args_is_help=True, help="List, show and replay dead letters.")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(rejections.app, name="rejections")
app.add_typer(topics.app, name="topics")
app.add_typer(tokens.app, name="token")
app.add_typer(users.app, name="user")
app.command("import")(imports.import_file)
app.add_typer(import_mappings.app, name="import-mappings")
for service_name in service_names():
    if find_spec(f"services.{service_name}.cli"):
        app.add_typer(import_module(f"services.{service_name}.cli").app, name=service_name)

ServiceOption = Annotated[str, typer.Option(help="service that stored the dead letter")]
DeadLetterArgument = Annotated[int, typer.Argument(help="id of the dead letter")]


KEEP_ALIVE_SECONDS = 75
"""Seconds after which idle connections are closed: longer than load balancers and clients keep them to send again."""


class Server(uvicorn.Server):
    """Uvicorn server that exits with status 0 after a stop signal."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Report not ready at once, so that clients with open connections switch to another replica."""
        self.config.app.state.stopping = True  # type: ignore[union-attr]
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle the signals without re-raising them afterwards."""
        for signum in (SIGINT, SIGTERM):
            signal(signum, self.handle_exit)
        yield


@app.command()
def serve(
    service: Annotated[str, typer.Argument(help=f"{', '.join(service_names())}, or the module of an app")],
    host: Annotated[str, typer.Option(help="address of the HTTP API")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port of the HTTP API")] = 8000,
) -> None:
    """Run a replica of a service until it receives a stop signal."""
    if "." in service:
        module = import_module(service)
    else:
        module = import_module(f"services.{_require_service(service)}.app")
        load_settings(service)  # reports missing variables before the server starts
    token_verifier()
    server = Server(
        uvicorn.Config(
            module.app, host=host, port=port, loop="uvloop", http=LimitedHttpProtocol, access_log=False,
            log_config=None, timeout_graceful_shutdown=2, timeout_keep_alive=KEEP_ALIVE_SECONDS, lifespan="on",
        )
    )  # fmt: skip
    server.run()
    if not server.started:
        sys.exit(3)


@app.command()
def migrate(service: Annotated[str, typer.Argument(help="name of the service, or all")]) -> None:
    """Migrate the database of a service; a newer schema is left as it is."""
    for name in service_names() if service == "all" else (_require_service(service),):
        try:
            state = asyncio.run(migrations.migrate(name))
        except (UnknownRevisionError, TransactionPoolingError) as error:
            fail(str(error))
        typer.echo(f"{name}: schema is {state}")


@app.command()
def skip(
    topic: Annotated[str, typer.Argument(help="topic of the record, as shown by /ready")],
    partition: Annotated[int, typer.Argument(help="partition of the record")],
    offset: Annotated[int, typer.Argument(help="offset of the record")],
    *,
    reason: Annotated[str, typer.Option(help="reason, recorded")],
    actor: Annotated[str, typer.Option(help="user who permits it, recorded")],
    service: Annotated[str, typer.Option(help="service of the consumer; required if several consume the topic")] = "",
    malformed: Annotated[
        bool, typer.Option(help="store all malformed records up to this offset as dead letters")
    ] = False,
) -> None:
    """Let a halted consumer skip one record, which becomes a dead letter."""

    async def operation(engine: AsyncEngine) -> None:
        async with transaction(engine) as tx:
            await skips.add_permit(tx, (topic, partition, offset), malformed=malformed, reason=reason, actor=actor)

    service = service or _consumer_of(topic)
    with_engine(service, operation)
    typer.echo(f"{service} will skip {topic}/{partition}/{offset}")


def _consumer_of(topic: str) -> str:
    """Return the single service that consumes a topic."""
    settings = KafkaSettings()
    consumers = [
        name
        for name in service_names()
        if any(
            settings.topic_name(handler.message.TOPIC.name) == topic
            for handler in import_module(f"services.{name}.app").app.state.registry.handlers
        )
    ]
    if len(consumers) != 1:
        fail(f"--service required: {topic} is consumed by {', '.join(consumers) or 'no service'}")
    return consumers[0]


@dead_letters_app.command("list")
def list_dead_letters(
    service: ServiceOption,
    topic: Annotated[str | None, typer.Option(help="only records of this topic")] = None,
    size: Annotated[int, typer.Option(help="maximum number of dead letters", min=1)] = 100,
) -> None:
    """List the newest dead letters that have not been replayed."""

    async def operation(engine: AsyncEngine) -> None:
        async with read_only(engine) as tx:
            found = await dead_letters.find_open(tx, topic, size + 1)
            for dead_letter in found[:size]:
                stored_at = f"{dead_letter.stored_at:%Y-%m-%d %H:%M:%S}"
                typer.echo(f"{dead_letter.id}\t{stored_at}\t{_position(dead_letter)}\t{dead_letter.error}")
        if len(found) > size:
            typer.echo(f"These are the newest {size}; list more with --size.", err=True)

    with_engine(service, operation)


@dead_letters_app.command()
def show(dead_letter_id: DeadLetterArgument, service: ServiceOption) -> None:
    """Show one dead letter with its unmodified content."""

    async def operation(engine: AsyncEngine) -> None:
        async with read_only(engine) as tx:
            dead_letter = await dead_letters.get(tx, dead_letter_id)
        if dead_letter is None:
            fail(f"{service} has no dead letter {dead_letter_id}")
        else:
            typer.echo(f"{_position(dead_letter)} key={dead_letter.key!r} headers={dead_letter.headers}")
            typer.echo(f"{dead_letter.error}\n")
            typer.echo(dead_letter.value or b"")

    with_engine(service, operation)


@dead_letters_app.command()
def replay(dead_letter_id: DeadLetterArgument, service: ServiceOption) -> None:
    """Publish one dead letter unchanged to its original topic."""

    with_producer(service, "dead letter", dead_letters.replay, dead_letter_id)


def _require_service(name: str) -> str:
    if name not in service_names():
        raise typer.BadParameter(f"unknown service {name}: use one of {', '.join(service_names())}")
    return name


def _position(dead_letter: Row[Any]) -> str:
    return f"{dead_letter.topic}/{dead_letter.partition}/{dead_letter.offset}"


@app.callback()
def main() -> None:
    """Run and operate the Tracelot services."""
