"""What the receiving service says about customer returns and discrepancies."""

from datetime import datetime
from decimal import Decimal

from services.console.clients.http import Listing, Model


class Discrepancy(Model):
    """A difference between expected and scanned items."""

    discrepancy: str
    receipt: str
    kind: str
    sku: str
    serials: list[str]
    lot: str | None
    quantity: Decimal
    location: str | None
    conflicting_value: str | None
    found_at: datetime
    found_by: str
    allowed_resolutions: list[str]


class Discrepancies(Listing):
    """A page of discrepancies."""

    items: list[Discrepancy]


class ResolutionAnswer(Model):
    """A resolved discrepancy."""

    discrepancy: str
    resolution: str


class Return(Model):
    """A customer return in a list."""

    return_id: str
    order: str
    customer: str
    received_at: datetime
    received_by: str


class Returns(Listing):
    """A page of returns."""

    items: list[Return]


class ReturnUnit(Model):
    """A returned unit."""

    sku: str
    serial: str
    location: str
    reason: str
    disposition: str | None
    disposed_reason: str | None
    in_warranty: bool | None


class ReturnUnits(Listing):
    """A page of returned units."""

    items: list[ReturnUnit]


class ReturnLot(Model):
    """A returned quantity of a lot."""

    sku: str
    lot: str
    quantity: Decimal
    pending_quantity: Decimal


class ReturnDetail(Return):
    """A return with what came back."""

    units: ReturnUnits
    lots: list[ReturnLot]


class ReturnAnswer(Model):
    """A return after a command."""

    return_id: str
