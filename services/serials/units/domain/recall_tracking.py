"""Units that open recalls track, and what a recall is told about them (S46)."""

from datetime import datetime
from typing import NamedTuple

from services.serials.units.domain.unit import Unit
from shared.contracts.serials import RecalledSerialState


class ShipmentInfo(NamedTuple):
    """Time of dispatch of a unit, and the customer contact."""

    shipped_at: datetime
    customer_name: str
    contact: str
    ship_to: str


class RecallUpdate(NamedTuple):
    """Open recall that tracks a changed unit, and whether its hold is open on the unit."""

    recall: str
    unit: Unit
    is_held: bool


def to_recalled_unit(unit: Unit, is_held: bool, shipment: ShipmentInfo | None) -> RecalledSerialState:
    """Describe a recalled unit with its location, order and customer."""
    recalled_unit = RecalledSerialState(
        serial=unit.serial, version=unit.version, lot=unit.lot, status=unit.status or "EXPECTED",
        adjustment=unit.adjustment, held=is_held, location=unit.location, order=unit.order_id, shipment=unit.shipment,
        customer=unit.customer,
    )  # fmt: skip
    if unit.status != "SHIPPED" or shipment is None:
        return recalled_unit
    return recalled_unit.model_copy(update=shipment._asdict())
