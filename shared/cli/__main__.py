"""`python -m shared.cli` is `tracelot`."""

from shared.cli import app

app()
