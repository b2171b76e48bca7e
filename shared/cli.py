"""The `tracelot` command: run a service, migrate its database."""

import asyncio

import typer

from shared.migrate import migrate as upgrade
from shared.migrate import services

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def migrate(service: str) -> None:
    """Bring the database of SERVICE, or of `all`, to its newest version."""
    for name in services() if service == "all" else (service,):
        asyncio.run(upgrade(name))
        typer.echo(f"{name} is at head")


@app.callback()
def main() -> None:
    """Tracelot's services, their migrations, and the hands that help them."""


if __name__ == "__main__":
    app()
