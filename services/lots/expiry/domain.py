"""Expiry checks: one alert per threshold of the product, then a hold and an event for the expired lot.

A corrected expiry date deletes the published notices, so all thresholds apply again. Days are local to the warehouse.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from services.lots.balances.domain import holds
from services.lots.balances.domain.records import (
    NO_EXPIRY,
    ZERO,
    Balance,
    ExpiryNotice,
    Lot,
    LotInWarehouse,
    PickedQuantity,
)
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import Message
from shared.contracts.lots import LotExpired, LotExpiring
from shared.contracts.reference import ProductChanged
from shared.inventory.expiry import crossed_thresholds, days_left, is_expired, next_check_date

EXPIRED_THRESHOLD = -1
"""Stored as a threshold to record that the expiry was published."""


class LotExpiryCheckDue(Message, type="lot.expiry_check_due.v1", key="sku"):
    """An expiry check of a lot in a warehouse has been due since a day."""

    sku: str
    lot: str
    warehouse: str
    since: date


def check_expiry(uow: LotsUnitOfWork, event: LotExpiryCheckDue) -> None:
    """Publish the crossed thresholds of a lot in a warehouse, and hold it once expired (S28, S29)."""
    key = LotInWarehouse(event.sku, event.lot, event.warehouse)
    lot, local_date = uow.lots.get(key.lot_key), uow.local_dates.get(key.warehouse)
    # The job found the lot before it had the lock: the stock may be gone.
    quantities = _quantities(uow, key)
    if lot is None or local_date is None or key in uow.next_checks or not any(quantities.values()):
        return
    thresholds = uow.shelf_life[key.sku].expiry_alert_days if key.sku in uow.shelf_life else ()
    uow.next_checks[key] = next_check_date(lot.expiry, local_date, thresholds)
    if lot.expiry is None:
        return
    for threshold in crossed_thresholds(lot.expiry, local_date, thresholds):
        if _is_first_notice(uow, key, threshold):
            uow.emit(
                LotExpiring, **key._asdict(), **quantities, expiry=lot.expiry, days=days_left(lot.expiry, local_date),
                threshold=threshold,
            )  # fmt: skip
    if is_expired(lot.expiry, local_date):
        _hold_expired(uow, key, lot, lot.expiry, quantities)


def _quantities(uow: LotsUnitOfWork, key: LotInWarehouse) -> dict[str, Any]:
    """Return the quantity on hand and picked: picked stock is part of the check until shipped."""
    balances, picked_rows = uow.balances_by_lot[key.lot_key], uow.picked_by_lot[key.lot_key]
    return {
        "on_hand": sum((row.on_hand for row in balances if row.warehouse == key.warehouse), ZERO),
        "picked": sum((row.quantity for row in picked_rows if row.warehouse == key.warehouse), ZERO),
    }


def _is_first_notice(uow: LotsUnitOfWork, key: LotInWarehouse, threshold: int) -> bool:
    """Record a notice; return False if it was published before."""
    if (*key, threshold) in uow.notices:
        return False
    uow.notices.put(ExpiryNotice(**key._asdict(), threshold=threshold, published_at=uow.now))
    return True


def _hold_expired(
    uow: LotsUnitOfWork, key: LotInWarehouse, lot: Lot, expiry: date, quantities: Mapping[str, Any]
) -> None:
    """Place an EXPIRED hold where there is none, and publish the expiry once."""
    expired_holds = [hold for hold in uow.open_holds(key.sku, key.lot) if hold.kind == "EXPIRED"]
    locations = _affected_locations(uow, key, expiry)
    if not locations:
        uow.next_checks[key] = uow.local_dates[key.warehouse] + timedelta(days=1)
        return
    for location in locations:
        if all(hold.location not in {None, location} for hold in expired_holds):
            holds.place(uow, lot, f"EXPIRED-{uow.event.id}"[:64], "EXPIRED", "expired", location=location)
    if _is_first_notice(uow, key, EXPIRED_THRESHOLD):
        hold_id = next(hold.hold_id for hold in uow.open_holds(key.sku, key.lot) if hold.kind == "EXPIRED")
        uow.emit(LotExpired, **key._asdict(), **quantities, expiry=expiry, hold_id=hold_id)


def _affected_locations(uow: LotsUnitOfWork, key: LotInWarehouse, expiry: date) -> Sequence[str | None]:
    """Return [None] for all locations, or the lot's locations here while it has not expired in every warehouse.

    The result is empty if all of the stock here is picked: it is checked again the next day.
    """
    balances = [row for row in uow.balances_by_lot[key.lot_key] if row.on_hand > 0]
    warehouses = {row.warehouse for row in balances} | {
        row.warehouse for row in uow.picked_by_lot[key.lot_key] if row.quantity
    }
    local_dates = [uow.local_dates.get(warehouse) for warehouse in warehouses]
    if all(local_date is not None and is_expired(expiry, local_date) for local_date in local_dates):
        return [None]
    return sorted(row.location for row in balances if row.warehouse == key.warehouse)


def reschedule_checks(uow: LotsUnitOfWork, event: ProductChanged) -> None:
    """Make the checks of all lots of a product due at once if its alert thresholds change (S29)."""
    previous = uow.previous_policies.get(event.sku)
    if previous is None or previous.expiry_alert_days != event.shelf_life.expiry_alert_days:
        uow.skus_to_check.add(event.sku)
        # Like the saved dates: later picks in this transaction take them over.
        stock: list[Balance | PickedQuantity] = [*uow.balances_by_sku[event.sku], *uow.picked_by_sku[event.sku]]
        for row in stock:
            if row.next_expiry_check < NO_EXPIRY:
                row.next_expiry_check = date.min
