"""Records of shipping: cartons, shipments and dispatch checks."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple

from shared.contracts.problems import Code


@dataclass(slots=True)
class Carton:
    """A carton of an order, and its shipment."""

    UPDATED: ClassVar[str] = "shipment"

    carton: str
    order_id: str
    shipment: str | None = None
    sscc: str | None = None
    """Its serial shipping container code, in 18 digits."""
    sscc_assigned_at: datetime | None = None
    dispatched: bool = field(default=False, kw_only=True)


@dataclass(slots=True)
class Shipment:
    """Cartons that are dispatched together; every change locks all its orders."""

    UPDATED: ClassVar[str] = "status check_id dispatched_at"

    shipment: str
    warehouse: str
    orders: tuple[str, ...]
    carrier: str
    tracking_number: str
    created_at: datetime
    created_by: str
    status: Literal["CREATED", "DISPATCHED", "CANCELLED"] = "CREATED"
    check_id: str | None = None
    """The current check; answers to others are ignored."""
    dispatched_at: datetime | None = None

    def __post_init__(self) -> None:
        """Convert loaded arrays."""
        self.orders = tuple(self.orders)


class Reason(NamedTuple):
    """Why a shipment, or a unit or lot of it, cannot be dispatched."""

    code: Code
    detail: str
    sku: str = ""
    serial: str = ""
    lot: str = ""


@dataclass(slots=True)
class DispatchCheck:
    """A dispatch check of a shipment by the stock services, under a unique id."""

    UPDATED: ClassVar[str] = "status approved_count valid_until ended_at reasons"

    check_id: str
    shipment: str
    orders: tuple[str, ...]
    packing_versions: tuple[int, ...]
    """The packing version of each order at the request; a later change makes the check obsolete."""
    requested_count: int
    requested_at: datetime
    actor: str
    approved_count: int = 0
    valid_until: datetime | None = None
    status: Literal["PENDING", "DISPATCHED", "REJECTED", "CANCELLED"] = "PENDING"
    reasons: str = "[]"
    """JSON array of reasons."""
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        """Convert loaded arrays."""
        self.orders, self.packing_versions = tuple(self.orders), tuple(self.packing_versions)

    def close(self, now: datetime, status: Literal["DISPATCHED", "REJECTED", "CANCELLED"], *reasons: Reason) -> None:
        """Close the check; later answers are ignored."""
        self.status, self.ended_at = status, now
        self.reasons = json.dumps([*json.loads(self.reasons), *(reason._asdict() for reason in reasons)])
