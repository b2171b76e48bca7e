"""Putaways, passed on to the registry of serial numbers, and what its answers mean."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from services.console.design.station import Outcome, Progress
from services.console.page import Visit
from services.console.stations import judge, partial_verdicts, read_value

TASK = "units"


async def put_away(visit: Visit, body: Mapping[str, Any], key: str) -> Outcome:
    """Put the scanned units away at the place of the station."""
    texts = [str(text) for text in body.get("texts", ())]
    items = {"serials" if body.get("is_listed") else "scans": texts}
    command = {"sku": body.get("sku"), **items, "location": body.get("location")}
    if body.get("receipt"):
        command["document"] = body["receipt"]

    async def send() -> Outcome:
        answer = await visit.serials.put_away(command, key)
        left = await visit.serials.list_units(
            status="RECEIVED", sku=body.get("sku"), location=body.get("at"), receipt=body.get("receipt"), limit=500
        )
        total = Decimal(str(body.get("total", 0)))
        done = Progress(TASK, total - len(left.items), total)
        return Outcome(partial_verdicts(texts, answer.rejected, "Put away"), [done])

    return await judge([read_value(text) for text in texts], send())
