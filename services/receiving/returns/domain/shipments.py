"""Shipments reported by serials and lots; shipped items may be returned."""

from services.receiving.receipts.domain.corrected_lots import record_lot_correction
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.lot_corrections import LotNumberCorrected
from shared.contracts.lots import LotShipped
from shared.contracts.problems import Code
from shared.contracts.serials import SerialStateChanged


def record_shipped_units(uow: ReceivingUnitOfWork, change: SerialStateChanged) -> None:
    """Mark units as shipped on an order to a customer; units of a past sale are new."""
    unknown: list[str] = []
    is_past_sale = change.from_status is None
    for serial in change.serials:
        unit = uow.get_unit(change.sku, serial)
        if unit.status != "ON_HAND" and not (is_past_sale and unit.status == "INACTIVE"):
            unknown.append(serial)
            continue
        uow.units.put(
            unit._replace(
                version=unit.version + 1, status="SHIPPED", location=None, order_id=change.order,
                customer=change.customer, lot=change.lot or unit.lot, warranty_ends_on=change.warranty_ends_on,
            )
        )  # fmt: skip
    if unknown:
        detail = f"{len(unknown)} shipped units are not on hand in receiving"
        uow.record_conflict(Code.ILLEGAL_TRANSITION, detail, sku=change.sku, ids=unknown)


def record_shipped_lots(uow: ReceivingUnitOfWork, shipment: LotShipped) -> None:
    """Add shipped lot quantities of an order to a customer."""
    for lot in shipment.lots:
        before = uow.shipped_of(shipment.order, shipment.customer, shipment.sku, lot.lot)
        uow.shipped_lots.put(before._replace(shipped=before.shipped + lot.quantity))


def correct_lots(uow: ReceivingUnitOfWork, correction: LotNumberCorrected) -> None:
    """Record a corrected lot number, under which shipped goods are returned from then on.

    What came back under the wrong one counts first.
    """
    record_lot_correction(uow, correction)
    for part in correction.stock:
        if part.status == "SHIPPED":
            before = uow.shipped_of(part.order, part.customer or "", correction.sku, correction.from_lot)
            after = uow.shipped_of(part.order, part.customer or "", correction.sku, correction.lot)
            if before.key == after.key:
                continue
            moved = min(part.quantity, before.shipped)
            kept = min(before.returned, before.shipped - moved)
            uow.shipped_lots.put(before._replace(shipped=before.shipped - moved, returned=kept))
            returned = after.returned + before.returned - kept
            uow.shipped_lots.put(after._replace(shipped=after.shipped + moved, returned=returned))
