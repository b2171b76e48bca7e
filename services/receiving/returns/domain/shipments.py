"""Shipments reported by serials and lots; shipped items may be returned."""

from collections.abc import Sequence

from services.receiving.receipts.domain.results import context_of
from services.receiving.returns.domain.records import ReturnsUnitOfWork
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.lots import LotShipped
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptRejected
from shared.contracts.serials import SerialStateChanged


def record_shipped_units(uow: ReturnsUnitOfWork, events: Sequence[CloudEvent[SerialStateChanged]]) -> list[Message]:
    """Mark units as shipped on an order to a customer."""
    conflicts: list[Message] = []
    for event in events:
        change = event.data
        unknown: list[str] = []
        for serial in change.serials:
            unit = uow.units.get((change.sku, serial))
            if unit is None or unit.status != "ON_HAND":
                unknown.append(serial)
                continue
            uow.units[unit.key] = unit._replace(
                version=unit.version + 1,
                status="SHIPPED",
                location=None,
                order_id=change.order,
                customer=change.customer,
            )
        if unknown:
            detail = f"{len(unknown)} shipped units are not on hand in receiving"
            conflicts.append(
                ReceiptRejected(
                    kind="EVENT_CONFLICT", document=change.sku, rejected_type=change.TYPE, code=Code.ILLEGAL_TRANSITION,
                    detail=detail, sku=change.sku, ids=unknown, **context_of(event),
                )
            )  # fmt: skip
    return conflicts


def record_shipped_lots(uow: ReturnsUnitOfWork, events: Sequence[CloudEvent[LotShipped]]) -> None:
    """Add shipped lot quantities of an order to a customer."""
    for event in events:
        shipment = event.data
        for lot in shipment.lots:
            before = uow.shipped_of(shipment.order, shipment.customer, shipment.sku, lot.lot)
            uow.put_shipped_lot(before._replace(shipped=before.shipped + lot.quantity))
