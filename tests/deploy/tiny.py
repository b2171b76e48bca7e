"""A service of one page, for the tests of how services are run."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/ready")
async def ready() -> str:
    """Be ready at once."""
    return "ready"
