"""What the shipping pages ask the fulfillment service."""

from typing import NamedTuple

from services.console.clients.fulfillment import DispatchCheck, ShipmentDetail, Shipments
from services.console.clients.http import RefusedError
from services.console.page import FailedPart, Visit, attempt

TABS = {"open": "CREATED", "gone": "DISPATCHED", "cancelled": "CANCELLED"}


class ShipmentData(NamedTuple):
    """A shipment and its latest check."""

    shipment: ShipmentDetail
    check: DispatchCheck | None


async def list_shipments(visit: Visit, tab: str, cursor: str) -> Shipments | FailedPart:
    """List the shipments of a tab."""
    return await attempt(visit.fulfillment.list_shipments(status=TABS[tab], cursor=cursor, limit=50))


async def find_shipment(visit: Visit, number: str) -> ShipmentData:
    """Read a shipment and its latest check."""
    shipment = await visit.fulfillment.get_shipment(number)
    check = await find_check(visit, shipment.check_id) if shipment.check_id else None
    return ShipmentData(shipment, check)


async def find_check(visit: Visit, check_id: str) -> DispatchCheck | None:
    """Find a check."""
    try:
        return await visit.fulfillment.get_check(check_id)
    except RefusedError as error:
        if error.status == 404:
            return None
        raise
