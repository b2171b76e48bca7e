"""Raw scans in commands on the items of an order: its pick list decides what a text is (S13, S20)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from services.fulfillment.orders.domain.items import ZERO, ItemKey, UnitKey
from shared.contracts.commands.fulfillment import (
    ItemsCommand,
    LotSelector,
    MissingLot,
    ReportShortPick,
    SwapLot,
    SwapUnit,
    UnitSelector,
)
from shared.contracts.problems import Code
from shared.contracts.raw_scans import RawScans, ReadScan
from shared.identifiers import fold_lot
from shared.inventory.scan_meanings import Catalogue, ScanContext, classify_all, read_scan
from shared.inventory.scan_problems import scan_problem, unknown_scan
from shared.scans import Scan

ItemsT = TypeVar("ItemsT", bound=ItemsCommand)


@dataclass(frozen=True)
class ScannedOrder:
    """What is known of an order and of the scans on it before it is locked."""

    order_id: str
    catalogue: Catalogue
    skus: frozenset[str] = frozenset()
    """Products of its lines."""
    items: frozenset[ItemKey] = field(default_factory=frozenset)
    """Scanned units and all lots that it has."""
    alternatives: tuple[UnitKey, ...] = ()
    """Some units that are still to be picked."""

    @property
    def only_sku(self) -> str | None:
        """The product of an order of one product, to which belongs what names no product."""
        return next(iter(self.skus)) if len(self.skus) == 1 else None

    def has(self, read: ReadScan) -> bool:
        """Whether the order has what a scan names."""
        return item_key(read) in self.items


def item_key(read: ReadScan) -> ItemKey:
    """Return the key of what a scan names."""
    return (read.sku or "", read.serial or fold_lot(read.lot or ""))


def read_order_scans(command: Any, order: ScannedOrder, year: int) -> Any:
    """Return a command with what its scans mean, and with the fields that they fill."""
    scans = classify_all(command.scans, year)
    reads = [_read(scans[text], command, order) for text in command.scans]
    if isinstance(command, ItemsCommand):
        return fill_items(command, reads, order.alternatives)
    return _fill_swap(command, reads, order)


def fill_items(command: ItemsT, reads: Sequence[ReadScan], alternatives: Sequence[UnitKey]) -> ItemsT:
    """Return a command with read scans and the items that they name; several scans of one lot are added up."""
    selector = MissingLot if isinstance(command, ReportShortPick) else LotSelector
    units, stock = [], dict[ItemKey, LotSelector]()
    for read in reads:
        if read.problem is None and read.serial:
            units.append(UnitSelector.model_construct(sku=read.sku or "", serial=read.serial))
        elif read.problem is None:
            key, quantity = item_key(read), read.quantity or ZERO
            known = stock.get(key) or selector.model_construct(sku=read.sku or "", lot=read.lot or "", quantity=ZERO)
            stock[key] = known.model_copy(update={"quantity": known.quantity + quantity})
    filled = command.model_copy(update={"units": units, "stock": list(stock.values())})
    filled.set_read_scans(reads)
    filled.set_alternatives(alternatives)
    return filled


def _read(scan: Scan, command: RawScans, order: ScannedOrder) -> ReadScan:
    """Return what a scan means, or why the command does not take it."""
    read = _resolve(scan, order)
    if read.problem:
        return read
    if isinstance(command, SwapUnit) and read.serial is None:
        problem = scan_problem(Code.NOT_SERIAL_TRACKED, read, f"product {read.sku} has no serial numbers")
        return read._replace(problem=problem)
    if isinstance(command, SwapLot) and read.serial is not None:
        problem = scan_problem(Code.SERIAL_TRACKED_PRODUCT, read, f"product {read.sku} is serial-tracked")
        return read._replace(problem=problem)
    is_replacement = isinstance(command, SwapLot) and (command.stock is not None or not order.has(read))
    if read.serial is None and read.quantity is None and not is_replacement:
        reason = "neither label nor barcode says a quantity; enter lot and quantity by hand"
        return read._replace(problem=scan_problem(Code.QUANTITY_REQUIRED, read, reason))
    return read


def _resolve(scan: Scan, order: ScannedOrder) -> ReadScan:
    """Return what a scan means; what names no product belongs to the only product of the order."""
    context = ScanContext(order.only_sku if scan.gtin is None else None, order.order_id)
    read = read_scan(scan, context, order.catalogue)
    if read.problem is None or read.problem.code is not Code.UNKNOWN_SCAN:
        return read
    if order.only_sku and context.sku is None:
        return read_scan(scan, context._replace(sku=order.only_sku), order.catalogue)
    reason = f"order {order.order_id} has nothing with this number; scan a code that names its product, or type it"
    return read._replace(problem=unknown_scan(scan, reason))


def _fill_swap(command: SwapUnit | SwapLot, reads: Sequence[ReadScan], order: ScannedOrder) -> SwapUnit | SwapLot:
    """Return a swap with its scans: what the order has is replaced by the other one."""
    given = command.unit if isinstance(command, SwapUnit) else command.stock
    sound = sorted((read for read in reads if read.problem is None), key=lambda read: not order.has(read))
    changes: dict[str, Any] = {}
    sku = given.sku if given else None
    if given is None and sound:
        first, *sound = sound
        sku = first.sku
        if isinstance(command, SwapUnit):
            changes["unit"] = UnitSelector.model_construct(sku=first.sku or "", serial=first.serial or "")
        else:
            changes["stock"] = LotSelector.model_construct(
                sku=first.sku or "", lot=first.lot or "", quantity=first.quantity or ZERO
            )
    if command.replacement is None and sound:
        if sound[0].sku == sku:
            changes["replacement"] = sound[0].serial or sound[0].lot or ""
        else:
            reads = [_of_other_product(read, sku) if read is sound[0] else read for read in reads]
    filled = command.model_copy(update=changes)
    filled.set_read_scans(reads)
    return filled


def _of_other_product(read: ReadScan, sku: str | None) -> ReadScan:
    reason = f"it names product {read.sku}, but {sku} is swapped; take a replacement of the same product"
    return read._replace(problem=scan_problem(Code.WRONG_PRODUCT, read, reason))
