"""The `tracelot` command: run a service, migrate its database, get past a bad record, dead letters, recalls."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from signal import SIGINT, SIGTERM, signal
from types import FrameType
from typing import Annotated, Any

import typer
import uvicorn
from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import dead_letters, skips
from shared.cli.recall import recall
from shared.database import create_engine, reading, transaction
from shared.migrate import UnknownRevisionError, services
from shared.migrate import migrate as upgrade
from shared.settings import load

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
letters = typer.Typer(no_args_is_help=True, help="Records that could not be read: look at them, send them again.")
app.add_typer(letters, name="dead-letters")
app.command()(recall)

Service = Annotated[str, typer.Option(help="whose database")]


class Server(uvicorn.Server):
    """uvicorn, but ending with 0 after a signal: a service that was asked to stop and did has not failed."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Say so in /ready at once: whoever still asks on an open connection shall go elsewhere."""
        self.config.app.state.stopping = True  # type: ignore[union-attr]
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals without raising them again afterwards."""
        for wanted in (SIGINT, SIGTERM):
            signal(wanted, self.handle_exit)
        yield


@app.command()
def serve(service: str, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Run SERVICE until it is told to stop."""
    module = import_module(service if "." in service else f"services.{service}.app")
    server = Server(
        uvicorn.Config(
            module.app, host=host, port=port, loop="uvloop", http="httptools", access_log=False, log_config=None,
            timeout_graceful_shutdown=2, lifespan="on",
        )
    )  # fmt: skip
    server.run()
    if not server.started:
        sys.exit(3)


@app.command()
def migrate(service: str) -> None:
    """Bring the database of SERVICE, or of `all`, to its newest version."""
    for name in services() if service == "all" else (service,):
        try:
            asyncio.run(upgrade(name))
        except UnknownRevisionError as error:
            _fail(str(error))
        typer.echo(f"{name} is at head")


@app.command()
def skip(
    topic: str,
    partition: int,
    offset: int,
    *,
    reason: Annotated[str, typer.Option()],
    actor: Annotated[str, typer.Option()],
    service: Annotated[str, typer.Option(help="whose consumer; needed where several services read the topic")] = "",
    malformed: Annotated[bool, typer.Option(help="let malformed records up to OFFSET go to the dead letters")] = False,
) -> None:
    """Tell a consumer that has halted to go on past one record; the record goes to its dead letters."""

    async def work(engine: AsyncEngine) -> None:
        async with transaction(engine) as tx:
            await skips.add(tx, (topic, partition, offset), malformed=malformed, reason=reason, actor=actor)

    service = service or _reader_of(topic)
    _with_engine(service, work)
    typer.echo(f"{service} will go past {topic}/{partition}/{offset}")


def _reader_of(topic: str) -> str:
    """The one service that reads a topic."""
    readers = [
        name
        for name in services()
        if any(row.message.TOPIC.name == topic for row in import_module(f"services.{name}.app").app.state.map.rows)
    ]
    if len(readers) != 1:
        _fail(f"name the --service: {topic} is read by {', '.join(readers) or 'none'}")
    return readers[0]


@letters.command("list")
def list_letters(service: Service, topic: str | None = None, size: int = 100) -> None:
    """Show the newest dead letters that nobody has sent again."""

    async def work(engine: AsyncEngine) -> None:
        async with reading(engine) as tx:
            for row in await dead_letters.listed(tx, topic=topic, is_open=True, size=size):
                typer.echo(
                    f"{row.id}\t{row.at:%Y-%m-%d %H:%M:%S}\t{row.topic}/{row.partition}/{row.offset}\t{row.error}"
                )

    _with_engine(service, work)


@letters.command()
def show(letter: int, service: Service) -> None:
    """Show one dead letter, its bytes as they came."""

    async def work(engine: AsyncEngine) -> None:
        async with reading(engine) as tx:
            row = await dead_letters.one(tx, letter)
        if row is None:
            _fail(f"{service} has no dead letter {letter}")
        else:
            typer.echo(f"{row.topic}/{row.partition}/{row.offset} key={row.key!r} headers={row.headers}")
            typer.echo(f"{row.error}\n")
            typer.echo(row.value or b"")

    _with_engine(service, work)


@letters.command()
def retry(letter: int, service: Service) -> None:
    """Send one dead letter again as it came, to the topic it came from."""

    async def work(engine: AsyncEngine) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=load(service).kafka_bootstrap_servers, enable_idempotence=True,
            max_request_size=8 * 1024 * 1024,
        )  # fmt: skip
        await producer.start()
        try:
            row = await dead_letters.retry(engine, producer, letter)
        finally:
            await producer.stop()
        if row is None:
            _fail(f"{service} has no dead letter {letter}")
        else:
            typer.echo(f"sent again to {row.topic}/{row.partition}")

    _with_engine(service, work)


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)


def _with_engine(service: str, work: Any) -> None:
    async def run() -> None:
        engine = create_engine(load(service).database_url.get_secret_value(), "tracelot", 1)
        try:
            await work(engine)
        finally:
            await engine.dispose()

    asyncio.run(run())


@app.callback()
def main() -> None:
    """Tracelot's services, their migrations, and the hands that help them."""
