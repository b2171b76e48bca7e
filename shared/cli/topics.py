"""The commands `tracelot topics create` and `compare`, for one's own Kafka cluster."""

import asyncio
from collections.abc import Sequence

import typer

from shared.contracts.topics import TOPICS
from shared.ops import topics
from shared.settings import KafkaSettings

app = typer.Typer(no_args_is_help=True, help="Create the Kafka topics, or compare them with their declaration.")


@app.command()
def create() -> None:
    """Create missing topics and correct declared settings; other settings of the topics stay."""
    settings = KafkaSettings()
    _report(settings, asyncio.run(topics.create(settings)), "exist")


@app.command()
def compare() -> None:
    """List each difference between the topics and their declaration; exit with 1 if there is one."""
    settings = KafkaSettings()
    _report(settings, asyncio.run(topics.compare(settings)), "match their declaration")


def _report(settings: KafkaSettings, differences: Sequence[str], success: str) -> None:
    names = [settings.topic_name(topic.name) for topic in TOPICS]
    if unreplicated := asyncio.run(topics.find_unreplicated(settings, names)):
        typer.echo(f"warning: {topics.unreplicated_warning(unreplicated)}", err=True)
    for difference in differences:
        typer.echo(difference)
    if differences:
        raise typer.Exit(1)
    typer.echo(f"{len(names)} topics {success}")
