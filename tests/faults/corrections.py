"""Corrections of some orders and receipts: short picks, amendments after the pick, documents sent again."""

from decimal import Decimal

from shared.contracts.commands.fulfillment import LotSelector, MissingLot, ReportShortPick, UnpickItems
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import OrderLotsDeallocated, OrderSerialsDeallocated
from shared.contracts.upstream import AsnAnnounced, AsnLine, OrderAmended
from tests.faults.order_script import select_units
from tests.faults.plan import AMENDED_LOT, LOT_SHELVES, WAREHOUSE
from tests.faults.stock_counts import StockCounts
from tests.faults.tracked_order import TrackedOrder
from tests.faults.upstream import ACTOR

MISSING = Decimal("0.75")
"""Lot quantity that a picker does not find."""


def asn_messages(receipt: str, number: int, sku: str, serials: list[str]) -> list[Message]:
    """Return the ASN of a receipt of units, every fourth in two parts of one line."""
    halves = [serials[: len(serials) // 2], serials[len(serials) // 2 :]] if number % 4 == 1 else [serials]
    return [
        AsnAnnounced(
            receipt=receipt, warehouse=WAREHOUSE, part=part, parts=len(halves),
            lines=[AsnLine(line="1", sku=sku, quantity=Decimal(len(half)), serials=half)],
        ) for part, half in enumerate(halves, start=1)
    ]  # fmt: skip


def is_sent_again(number: int) -> bool:
    """Return whether the ASN of a receipt, or its last part, is sent again during receiving."""
    return number % 4 in (1, 3)


def short_pick_commands(order: TrackedOrder, stock: StockCounts) -> list[Message]:
    """Return the report that a part of a lot is missing, and a unit; or that only the rest of the lot is there."""
    (lot, location), quantity = max(order.lots.items(), key=lambda item: item[1])
    missing = min(quantity, MISSING)
    remaining, units = None, [min(order.allocated)]
    if order.correction == "SHORT_PICK_WITH_REMAINING":
        remaining, units = max(stock.quantity(lot, location) - missing, Decimal(0)), []
    order.is_corrected = True
    order.awaited = {OrderLotsDeallocated, OrderSerialsDeallocated} if units else {OrderLotsDeallocated}
    missing_lot = MissingLot(sku=order.lot_line.sku, lot=lot, quantity=missing, location=location, remaining=remaining)
    return [
        ReportShortPick(
            actor=ACTOR, order=order.name, units=select_units(set(units)), stock=[missing_lot], reason="not there"
        )
    ]


def amend_commands(order: TrackedOrder) -> list[Message]:
    """Return the amendment of the lot line to a lot that was mostly not picked, and back."""
    order.is_corrected = True
    amended = order.lot_line.model_copy(update={"lots": [AMENDED_LOT]})
    lines = [amended, order.lot_line] if order.correction == "AMEND_AND_BACK" else [amended]
    return [OrderAmended(order=order.name, lines=[line]) for line in lines]


def unwanted_lots(order: TrackedOrder) -> list[LotSelector]:
    """Return the picked lots that an amended order does not allow."""
    if order.correction != "AMEND_AND_UNPICK" or not order.is_corrected:
        return []
    return [
        LotSelector(sku=order.lot_line.sku, lot=lot, quantity=quantity)
        for lot, quantity in order.picked_lots.items() if lot != AMENDED_LOT
    ]  # fmt: skip


def unpick_commands(order: TrackedOrder) -> list[Message]:
    """Return the commands that put each unwanted lot back to its shelf."""
    return [
        UnpickItems(
            actor=ACTOR, order=order.name, stock=[lot], location=LOT_SHELVES[lot.lot], reason="not wanted any more"
        ) for lot in unwanted_lots(order)
    ]  # fmt: skip
