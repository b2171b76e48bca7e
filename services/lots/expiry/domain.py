"""Expiry checks: one alert per threshold of the product, then a hold and an event for the expired lot.

A corrected expiry date deletes the published notices, so all thresholds apply again. Days are local to the warehouse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from services.lots.balances.domain import holds
from services.lots.balances.domain.ledger import MessageContext
from services.lots.balances.domain.records import ZERO, Lot, LotKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.lots import LotExpired, LotExpiring
from shared.inventory.expiry import crossed_thresholds, days_left, is_expired, next_check_date

EXPIRED_THRESHOLD = -1
"""Stored as a threshold to record that the expiry was published."""


class LotExpiryCheckDue(Message, type="lot.expiry_check_due.v1", key="sku"):
    """An expiry check of a lot in a warehouse has been due since a day."""

    sku: str
    lot: str
    warehouse: str
    since: date


class LotInWarehouse(NamedTuple):
    """A lot in a warehouse: the subject of an expiry check."""

    sku: str
    lot: str
    warehouse: str

    @property
    def lot_key(self) -> LotKey:
        """Key of the lot in all warehouses."""
        return self.sku, self.lot


class ExpiryNotice(NamedTuple):
    """A published threshold of a lot in a warehouse for the expiry date in force."""

    sku: str
    lot: str
    warehouse: str
    threshold: int


@dataclass(slots=True)
class ExpiryCheck:
    """The expiry checks of one transaction and their results."""

    uow: LotsUnitOfWork
    date_by_warehouse: Mapping[str, date]
    """Local date of each warehouse."""

    thresholds: Mapping[str, Sequence[int]]
    """Alert thresholds of each product, in days before the expiry date."""

    published_notices: set[ExpiryNotice]
    new_notices: list[ExpiryNotice] = field(default_factory=list)
    next_check_by_lot: dict[LotInWarehouse, date] = field(default_factory=dict)
    """Date of the next check of each lot."""

    on_hand_by_lot: dict[LotInWarehouse, Decimal] = field(default_factory=dict)
    picked_by_lot: dict[LotInWarehouse, Decimal] = field(default_factory=dict)
    """Picked stock has no location, but is part of the check until shipped."""

    def run(self, events: Sequence[CloudEvent[LotExpiryCheckDue]]) -> list[Message]:
        """Check the due lots and return the events."""
        for balance in self.uow.balances.values():
            key = LotInWarehouse(balance.sku, balance.lot, balance.warehouse)
            self.on_hand_by_lot[key] = self.on_hand_by_lot.get(key, ZERO) + balance.on_hand
        for row in self.uow.picked.values():
            key = LotInWarehouse(row.sku, row.lot, row.warehouse)
            self.picked_by_lot[key] = self.picked_by_lot.get(key, ZERO) + row.quantity
        return [message for event in events for message in self._check_lot(event)]

    def _check_lot(self, event: CloudEvent[LotExpiryCheckDue]) -> list[Message]:
        key = LotInWarehouse(event.data.sku, event.data.lot, event.data.warehouse)
        lot, local_date = self.uow.lots.get(key.lot_key), self.date_by_warehouse.get(key.warehouse)
        # The job found the lot before it had the lock: the stock may be gone.
        quantity_left = self.on_hand_by_lot.get(key) or self.picked_by_lot.get(key)
        if lot is None or local_date is None or key in self.next_check_by_lot or not quantity_left:
            return []
        thresholds = self.thresholds.get(key.sku, ())
        self.next_check_by_lot[key] = next_check_date(lot.expiry, local_date, thresholds)
        if lot.expiry is None:
            return []
        emitted: list[Message] = [
            LotExpiring(
                **self._event_fields(event, key), expiry=lot.expiry, days=days_left(lot.expiry, local_date),
                threshold=threshold,
            )
            for threshold in crossed_thresholds(lot.expiry, local_date, thresholds)
            if self._is_first_notice(key, threshold)
        ]  # fmt: skip
        return (
            emitted + self._hold_expired(event, key, lot, lot.expiry) if is_expired(lot.expiry, local_date) else emitted
        )

    def _is_first_notice(self, key: LotInWarehouse, threshold: int) -> bool:
        """Record a notice; return False if it was published before."""
        notice = ExpiryNotice(sku=key.sku, lot=key.lot, warehouse=key.warehouse, threshold=threshold)
        if notice in self.published_notices:
            return False
        self.published_notices.add(notice)
        self.new_notices.append(notice)
        return True

    def _hold_expired(
        self, event: CloudEvent[LotExpiryCheckDue], key: LotInWarehouse, lot: Lot, expiry: date
    ) -> list[Message]:
        """Place an EXPIRED hold where there is none, and publish the expiry once."""
        emitted: list[Message] = []
        expired_holds = [hold for hold in self.uow.open_holds(key.sku, key.lot) if hold.kind == "EXPIRED"]
        locations = self._affected_locations(key, expiry)
        if not locations:
            self.next_check_by_lot[key] = self.date_by_warehouse[key.warehouse] + timedelta(days=1)
            return []
        for location in locations:
            if all(hold.location not in {None, location} for hold in expired_holds):
                context = MessageContext.from_event(event, "expired")
                emitted += holds.place(self.uow, lot, f"EXPIRED-{event.id}"[:64], "EXPIRED", context, location=location)
        if self._is_first_notice(key, EXPIRED_THRESHOLD):
            hold_id = next(hold.hold_id for hold in self.uow.open_holds(key.sku, key.lot) if hold.kind == "EXPIRED")
            emitted.append(LotExpired(**self._event_fields(event, key), expiry=expiry, hold_id=hold_id))
        return emitted

    def _affected_locations(self, key: LotInWarehouse, expiry: date) -> Sequence[str | None]:
        """Return [None] for all locations, or the lot's locations here while it has not expired in every warehouse.

        The result is empty if all of the stock here is picked: it is checked again the next day.
        """
        balances = [row for row in self.uow.balances_by_lot[key.lot_key] if row.on_hand > 0]
        warehouses = {row.warehouse for row in balances} | {
            row.warehouse for row in self.uow.picked_by_lot[key.lot_key] if row.quantity
        }
        if all(
            warehouse in self.date_by_warehouse and is_expired(expiry, self.date_by_warehouse[warehouse])
            for warehouse in warehouses
        ):
            return [None]
        return sorted(row.location for row in balances if row.warehouse == key.warehouse)

    def _event_fields(self, event: CloudEvent[LotExpiryCheckDue], key: LotInWarehouse) -> dict[str, Any]:
        quantities = {
            "on_hand": self.on_hand_by_lot.get(key, ZERO),
            "picked": self.picked_by_lot.get(key, ZERO),
        }
        return {"actor": event.actor, "cause": event.cause, **key._asdict(), **quantities}
