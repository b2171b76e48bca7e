"""The commands `tracelot topics create` and `compare`, for one's own Kafka cluster."""

import asyncio
from collections.abc import Awaitable, Callable

import typer
from aiokafka.errors import KafkaError

from shared.contracts.topics import TOPICS
from shared.ops import topics
from shared.settings import KafkaSettings

app = typer.Typer(no_args_is_help=True, help="Create the Kafka topics, or compare them with their declaration.")


@app.command()
def create() -> None:
    """Create missing topics and correct declared settings; other settings of the topics stay."""
    _run(topics.create, "exist")


@app.command()
def compare() -> None:
    """List each difference between the topics and their declaration; exit with 1 if there is one."""
    _run(topics.compare, "match their declaration")


def _run(command: Callable[[KafkaSettings], Awaitable[list[str]]], success: str) -> None:
    """Print the differences that a command returns, and a warning about single replicas; exit with 2 on an error."""
    settings = KafkaSettings()
    names = [settings.topic_name(topic.name) for topic in TOPICS]

    async def run() -> tuple[list[str], list[str]]:
        return await command(settings), await topics.find_unreplicated(settings, names)

    try:
        differences, unreplicated = asyncio.run(run())
    except KafkaError as error:
        typer.echo(f"Kafka at {settings.kafka_bootstrap_servers}: {error}", err=True)
        raise typer.Exit(2) from None
    if unreplicated:
        typer.echo(f"warning: {topics.unreplicated_warning(unreplicated)}", err=True)
    for difference in differences:
        typer.echo(difference)
    if differences:
        raise typer.Exit(1)
    typer.echo(f"{len(names)} topics {success}")
