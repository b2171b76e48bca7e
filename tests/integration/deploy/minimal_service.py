"""A service with one endpoint, for tests of service processes."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/ready")
async def ready() -> str:
    """Report ready at once."""
    return "ready"
