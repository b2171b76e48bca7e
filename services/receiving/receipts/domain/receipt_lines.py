"""Receipt lines outside ASNs and scans: unplanned lines, products defined later, adjusted units."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import get_args

from services.receiving.receipts.domain.expectations import emit_line_expected, expected_groups
from services.receiving.receipts.domain.records import ReceiptLine, Unit, UnitAdjustment
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.problems import Code
from shared.contracts.receiving import ReceiptRejected
from shared.contracts.reference import ProductChanged, Tracking
from shared.contracts.serials import SerialAdjusted
from shared.contracts.upstream import AsnAnnounced
from shared.identifiers import resource_path

UNIT_ADJUSTMENTS: Mapping[str, UnitAdjustment] = {adjustment: adjustment for adjustment in get_args(UnitAdjustment)}


def add_unplanned_line(uow: ReceivingUnitOfWork, receipt_id: str, sku: str) -> ReceiptLine:
    """Add a line to a receipt; its `+` prefix is not allowed in ASN line numbers."""
    receipt = uow.receipts[receipt_id]
    uow.receipts.put(receipt._replace(unplanned_line_count=receipt.unplanned_line_count + 1))
    return uow.lines.put(ReceiptLine(receipt=receipt_id, line=f"+{receipt.unplanned_line_count + 1}", sku=sku))


def plan_waiting_lines(uow: ReceivingUnitOfWork, product: ProductChanged) -> None:
    """Plan the lines that await this product; listed serials are rejected unless the product is serial-tracked."""
    for waiting_line in uow.waiting_lines_by_sku[product.sku]:
        line, units = waiting_line._replace(awaiting_product=False), uow.listed_units_by_line[waiting_line.key]
        if product.tracking != "SERIAL" and units:
            _reject_serials(uow, line, product.tracking, units)
            line, units = line._replace(listed_serials=line.listed_serials - len(units)), []
        uow.lines.put(line)
        for chunk in expected_groups(units):
            emit_line_expected(uow, line, Decimal(len(chunk)), chunk)
        if (unlisted := line.missing_quantity - len(units)) > 0:
            emit_line_expected(uow, line, unlisted, ())


def _reject_serials(uow: ReceivingUnitOfWork, line: ReceiptLine, tracking: Tracking, units: Sequence[Unit]) -> None:
    detail = f"Line {line.line} lists serials; product {line.sku} has tracking {tracking}"
    for chunk in chunks(units):
        uow.emit(
            ReceiptRejected, kind="EVENT_CONFLICT", document=line.receipt, rejected_type=AsnAnnounced.TYPE,
            code=Code.NOT_SERIAL_TRACKED, detail=detail, sku=line.sku, ids=[unit.serial for unit in chunk],
            blocked_by=[resource_path("receipts", line.receipt)],
        )  # fmt: skip
    for unit in units:
        uow.units.put(unit.as_inactive())


def adjust_units(uow: ReceivingUnitOfWork, adjustment: SerialAdjusted) -> None:
    """Void units, or record that they left the stock or came back, for the advice on a resolution."""
    if adjustment.adjustment == "VOID":
        _void_units(uow, adjustment)
        return
    for serial in adjustment.serials:
        if unit := uow.units.get((adjustment.sku, serial)):
            reason = UNIT_ADJUSTMENTS.get(adjustment.adjustment)
            uow.units.put(unit._replace(version=unit.version + 1, adjustment=reason))


def _void_units(uow: ReceivingUnitOfWork, adjustment: SerialAdjusted) -> None:
    """Void units that were entered by mistake; their lines reopen, their serials are never reused (S18)."""
    for serial in adjustment.serials:
        unit = uow.get_unit(adjustment.sku, serial)
        if unit.status == "VOID":
            continue
        uow.units.put(unit._replace(version=unit.version + 1, status="VOID"))
        line = uow.lines.get((unit.receipt or "", unit.line or ""))
        if unit.status == "ON_HAND" and unit.return_id is None and line:
            uow.lines.put(
                line._replace(
                    received=line.received - 1, listed_serials=line.listed_serials - unit.is_listed,
                    unlisted_units=line.unlisted_units - (not unit.is_listed),
                )
            )  # fmt: skip
