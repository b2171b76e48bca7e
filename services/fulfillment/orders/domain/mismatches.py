"""Finds picked items that do not match their order; they block packing and dispatch until they are unpicked."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from services.fulfillment.orders.domain.content import log_detail
from services.fulfillment.orders.domain.items import AllocatedItem, AllocatedLot, AllocatedUnit
from services.fulfillment.orders.domain.records import Line, Order
from services.fulfillment.orders.domain.shelf_life import shelf_life_reason
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.identifiers import matching_spellings

MAX_EXAMPLES = 5


def mark_mismatches(uow: FulfillmentUnitOfWork, order: Order, line: Line) -> None:
    """Mark the picked items that do not match their line; a new mark invalidates dispatch checks of the order.

    All units of a line that names serial numbers must be loaded.
    """
    marked: dict[str, list[AllocatedItem]] = defaultdict(list)
    for item, reason in _reasons(uow, order, line):
        if reason and reason != item.mismatch:
            marked[reason].append(item)
        item.mismatch = reason
    for reason, items in marked.items():
        uow.log(order.order_id, "MISMATCHED", line=line.line, reason=reason, **log_detail(items))
    if marked:
        order.packing_version += 1


def mismatched_items(uow: FulfillmentUnitOfWork, order: Order) -> Iterator[tuple[AllocatedItem, str]]:
    """The picked items that do not match the order, with the reason.

    Too little shelf life is a reason if the local date is loaded. It is not marked: the dispatch check decides.
    """
    is_dated = order.warehouse in uow.local_dates
    for item in order.items:
        if item.mismatch:
            yield item, item.mismatch
        elif is_dated and item.status == "PICKED" and (reason := shelf_life_reason(uow, order, item)):
            yield item, reason[1]


def _reasons(uow: FulfillmentUnitOfWork, order: Order, line: Line) -> Iterator[tuple[AllocatedItem, str]]:
    """Each picked item of a line with the reason why it does not match, or an empty text."""
    picked = [item for item in order.items if item.line == line.line and item.status == "PICKED"]
    if line.cancelled:
        yield from ((item, f"line {line.line} is cancelled") for item in picked)
        return
    units = [item for item in picked if isinstance(item, AllocatedUnit)]
    surplus = {unit.serial for unit in _surplus_units(uow, order, line, units)}
    names = f"line {line.line} names {_format(line.serials)}"
    yield from ((unit, names if unit.serial in surplus else "") for unit in units)
    yield from lot_mismatches(line, [item for item in picked if isinstance(item, AllocatedLot)])


def lot_mismatches(line: Line, lots: Sequence[AllocatedLot]) -> Iterator[tuple[AllocatedLot, str]]:
    """Each lot with the reason why its line does not want it, or an empty text."""
    kept = _single_lot(line, lots) if line.single_lot else None
    for lot in lots:
        if not _is_listed(line, lot):
            yield lot, f"line {line.line} allows only lot {_format(line.lots)}"
        else:
            is_mixed = kept is not None and lot.lot != kept
            yield lot, f"line {line.line} requires a single lot, and has {kept}" if is_mixed else ""


def _surplus_units(
    uow: FulfillmentUnitOfWork, order: Order, line: Line, picked: Iterable[AllocatedUnit]
) -> Sequence[AllocatedUnit]:
    """The unlisted units that take the place of listed ones; packed ones are the last."""
    if not line.serials:
        return ()
    listed_shipped = sum(uow.shipped.get((line.sku, serial)) == order.order_id for serial in line.serials)
    unlisted_shipped = max(int(line.shipped) - listed_shipped, 0)
    listed = set(line.serials)
    on_other_lines = sum(
        unit.serial in listed and unit.sku == line.sku and unit.line != line.line and unit.status == "PICKED"
        for unit in order.units.values()
    )
    room = max(int(line.ordered) - len(listed) + on_other_lines - unlisted_shipped, 0)
    unlisted = [unit for unit in picked if unit.serial not in listed]
    return sorted(unlisted, key=lambda unit: (unit.carton is None, unit.serial))[room:]


def _single_lot(line: Line, lots: Sequence[AllocatedLot]) -> str | None:
    """The lot of a single-lot line: the shipped one, or the allowed one of which it has most; picked ones first."""
    quantities: dict[str, Decimal] = defaultdict(Decimal)
    picked = [lot for lot in lots if lot.status == "PICKED"]
    for lot in picked or lots:
        if _is_listed(line, lot):
            quantities[lot.lot] += lot.quantity
    return line.shipped_lot or min(quantities, key=lambda number: (-quantities[number], number), default=None)


def _is_listed(line: Line, lot: AllocatedLot) -> bool:
    return not line.lots or bool(matching_spellings(lot.lot, line.lots))


def _format(numbers: Sequence[str]) -> str:
    remaining = f" and {len(numbers) - MAX_EXAMPLES} more" if len(numbers) > MAX_EXAMPLES else ""
    return ", ".join(numbers[:MAX_EXAMPLES]) + remaining
