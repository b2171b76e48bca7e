"""Search filters as SQL conditions on the state of units."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.contracts.serials import SerialAdjustment, SerialStatus
from shared.identifiers import fold_lot, warehouse_of
from shared.persistence.lot_keys import fold_lot_sql
from shared.persistence.search import like_pattern

UNIT_FILTERS = (
    "warehouse", "location", "order", "lot", "on_hold", "customer", "shipment", "receipt", "expiring_from",
    "expiring_before", "changed_since",
)  # fmt: skip
"""Filters on columns of `serial_state`."""

CONDITIONS = {
    "sku": "{0}.sku = :sku",
    "status": "{0}.status = CAST(CAST(:status AS text) AS status)",
    "statuses": "{0}.status = ANY(CAST(CAST(:statuses AS text[]) AS status[]))",
    "q": "lower({0}.serial) LIKE :pattern",
    "warehouse": "{0}.warehouse = :warehouse",
    "location": "{0}.location = :location",
    "order": "{0}.order_id = :order",
    "lot": fold_lot_sql("{0}.lot") + " = :lot_key",
    "on_hold": "({0}.open_hold_count > 0) = :on_hold",
    "customer": "{0}.customer = :customer",
    "shipment": "{0}.shipment = :shipment",
    "receipt": "{0}.receipt = :receipt",
    "expiring_from": "{0}.expiry >= :expiring_from",
    "expiring_before": "{0}.expiry < :expiring_before",
    "changed_since": """(
        SELECT o.recorded_at FROM audit_entry AS e JOIN audit_operation AS o ON o.id = e.operation_id
        WHERE e.serial_id = {0}.id AND e.version = {0}.version
    ) >= :changed_since""",
}

IS_EXPECTED = "({0}.status <> 'EXPECTED' OR {0}.receipt IS NOT NULL)"
IN_USE = f"{{0}}.adjustment IS NULL AND {IS_EXPECTED}"
"""Condition of the index `serial_state_by_status`."""
SCOPES = {
    "registered": IS_EXPECTED,
    "in_use": IN_USE,
    "adjusted": "coalesce({0}.adjustment, '') = :adjustment AND {0}.adjustment IS NOT NULL",
    "expectation_cancelled": "coalesce({0}.adjustment, '') = '' AND {0}.status = 'EXPECTED' AND {0}.receipt IS NULL",
}
"""Conditions on the units that a search considers; the last two use the index `serial_state_not_in_use`."""


@dataclass(frozen=True)
class Filters:
    """Search filters; an empty filter matches every unit except those whose expectation was cancelled."""

    q: str | None = None
    sku: str | None = None
    status: tuple[SerialStatus, ...] = ()
    warehouse: str | None = None
    location: str | None = None
    order: str | None = None
    on_hold: bool | None = None
    lot: str | None = None
    customer: str | None = None
    shipment: str | None = None
    receipt: str | None = None
    expiring_from: date | None = None
    expiring_before: date | None = None
    changed_since: datetime | None = None
    adjustment: SerialAdjustment | None = None
    expectation_cancelled: bool = False
    is_count: bool = False
    """Whether units are counted by status."""

    @property
    def scope(self) -> str:
        """Name of the scope: a status, warehouse or location only means units in use, unless others are requested."""
        if self.adjustment:
            return "adjusted"
        if self.expectation_cancelled:
            return "expectation_cancelled"
        return "in_use" if self.is_count or self.status or self.warehouse or self.location else "registered"

    @property
    def is_in_use(self) -> bool:
        """Whether only units in use are considered."""
        return self.scope == "in_use"

    @property
    def has_extra_filters(self) -> bool:
        """Whether there are filters other than key and status."""
        return bool(self.q or self.where(UNIT_FILTERS))

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the conditions."""
        return {
            "pattern": like_pattern(self.q),
            "sku": self.sku,
            "status": self.status[0] if self.status else None,
            "statuses": list(self.status),
            "warehouse": self.warehouse or (warehouse_of(self.location) if self.location else None),
            "location": self.location,
            "order": self.order,
            "lot_key": None if self.lot is None else fold_lot(self.lot),
            "on_hold": self.on_hold,
            "customer": self.customer,
            "shipment": self.shipment,
            "receipt": self.receipt,
            "expiring_from": self.expiring_from,
            "expiring_before": self.expiring_before,
            "changed_since": self.changed_since,
            "adjustment": self.adjustment,
        }

    def in_scope(self, alias: str = "s") -> str:
        """Write the condition of the scope."""
        return SCOPES[self.scope].format(alias)

    def where(self, names: Iterable[str], alias: str = "s") -> list[str]:
        """Write the conditions of the filters that are set; a location implies its warehouse."""
        requested = {name for name in names if getattr(self, name) not in {None, "", ()}}
        if "status" in requested and len(self.status) > 1:
            requested = requested - {"status"} | {"statuses"}
        if "location" in requested:
            requested.add("warehouse")
        return [text.format(alias) for name, text in CONDITIONS.items() if name in requested]
