"""Entry point of `python -m shared.cli`, equal to `tracelot`."""

from shared.cli import app

app()
