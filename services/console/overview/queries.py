"""What the start page asks the services."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from services.console.clients.receipts import Receipts
from services.console.clients.returns import Discrepancies
from services.console.clients.serials import StatusCount
from services.console.page import FailedPart, Visit, attempt


class Overview(NamedTuple):
    """Receipts in work and due, the number of units of each status, and what waits for a decision."""

    arrived: Receipts | FailedPart
    due: Receipts | FailedPart
    units: Mapping[str, StatusCount] | FailedPart
    undecided: Discrepancies | FailedPart


async def read_overview(visit: Visit) -> Overview:
    """Ask the services side by side."""
    arrived, due, units, undecided = await asyncio.gather(
        attempt(visit.receiving.list_receipts(status="IN_PROGRESS", sort="created_at", limit=50)),
        attempt(visit.receiving.list_receipts(status="PLANNED", sort="created_at", limit=50)),
        attempt(visit.serials.count_units()),
        attempt(visit.receiving.list_discrepancies(open="true", limit=50)),
    )
    return Overview(arrived, due, units, undecided)
