"""The command `tracelot rejections replay`, for messages that were refused because of unknown fields."""

from typing import Annotated

import typer

from shared.cli.connections import with_producer
from shared.messaging import rejections

app = typer.Typer(no_args_is_help=True, help="Replay messages that were refused because of unknown fields.")


@app.callback()
def main() -> None:
    """Replay messages that were refused because of unknown fields."""


@app.command()
def replay(
    rejection_id: Annotated[int, typer.Argument(help="id of the rejection")],
    service: Annotated[str, typer.Option(help="service that stored the rejection")],
) -> None:
    """Publish a refused message unchanged to its original topic, for a version that knows its fields."""
    with_producer(service, "replayable rejection", rejections.replay, rejection_id)
