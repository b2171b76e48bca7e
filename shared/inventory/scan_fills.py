"""Filling of the fields of a command by its raw scans."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import UnitSelector
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.quantities import LotQuantity
from shared.contracts.raw_scans import RawScans, ReadScan
from shared.identifiers import fold_lot
from shared.inventory.scan_meanings import Catalogue, KnownProduct, NameKind, ScanContext, classify_all, read_scan
from shared.inventory.scan_problems import MAX_SHOWN

ZERO = Decimal(0)
Fill = Callable[[Any, Sequence[ReadScan]], Mapping[str, Any]]
"""Returns the fields of a command that its sound scans fill."""


def keep_scans(_: RawScans, __: Sequence[ReadScan]) -> Mapping[str, Any]:
    """Fill nothing: the handler of the command takes its read scans itself."""
    return {}


def fill_serials_or_lots(_: RawScans, reads: Sequence[ReadScan]) -> Mapping[str, Any]:
    """Fill product, serial numbers and lots; several scans of one lot, in any spelling, are added up."""
    lots: dict[str, LotQuantity] = {}
    for read in reads:
        if read.serial is None:
            lot, quantity = read.lot or "", read.quantity or Decimal(0)
            known = lots.get(fold_lot(lot), LotQuantity.model_construct(lot=lot, quantity=Decimal(0)))
            lots[fold_lot(lot)] = known.model_copy(update={"quantity": known.quantity + quantity})
    return _product(reads) | {"serials": [read.serial for read in reads if read.serial], "lots": list(lots.values())}


def fill_units(_: RawScans, reads: Sequence[ReadScan]) -> Mapping[str, Any]:
    """Fill units with their products."""
    return {"units": [UnitSelector(sku=read.sku, serial=read.serial) for read in reads]}


def fill_from_labels(*fields: str, serials: bool = False, quantity: str = "") -> Fill:
    """Fill product, and fields that the labels say and the sender omits.

    `serials` fills the serial numbers, `quantity` is the field with the sum of the scans.
    """

    def fill(command: RawScans, reads: Sequence[ReadScan]) -> Mapping[str, Any]:
        filled = _product(reads) | ({"serials": [read.serial for read in reads]} if serials else {})
        for field in fields:
            if field not in command.typed_fields or getattr(command, field) == "":
                said = next(filter(None, (getattr(read, field) for read in reads)), None)
                filled |= {} if said is None else {field: said}
        if quantity and quantity not in command.typed_fields:
            filled[quantity] = sum((read.quantity or ZERO for read in reads), ZERO)
        return filled

    return fill


fill_serials = fill_from_labels(serials=True)
"""Fills product and serial numbers."""


def _product(reads: Sequence[ReadScan]) -> dict[str, Any]:
    return {"sku": reads[0].sku} if reads else {}


@dataclass(frozen=True)
class ScanUse:
    """How a command uses its scans."""

    fill: Fill = keep_scans
    document: str | None = None
    """Field with the receipt or order whose units plain texts mean first."""
    expected: frozenset[NameKind] = ScanContext().expected
    """Kinds of items that the command takes."""
    is_of_one_product: bool = True
    """Whether all scans must name the same product."""
    needs_quantity: bool = False
    """Whether a scan without serial number must say a quantity."""
    needs_lot: bool = False
    """Whether a scan of a lot-tracked product must say a lot."""
    takes_lots_of_units: bool = False
    """Whether it takes lots of serial-tracked products."""
    takes_cartons: bool = False
    """Whether the SSCC of a carton stands for its items; otherwise each item is scanned."""


def fill_command(command: RawScans, use: ScanUse, catalogue: Catalogue, year: int) -> RawScans:
    """Return a command with what its scans mean, and with the fields that they fill."""
    context = ScanContext(
        sku=getattr(command, "sku", None) or None,
        document=getattr(command, use.document) if use.document else None,
        expected=use.expected,
        takes_lots_of_units=use.takes_lots_of_units,
    )
    scans = classify_all(command.scans, year)
    reads: list[ReadScan] = []
    sku = context.sku
    for text in command.scans:
        read = read_scan(scans[text], context, catalogue)
        if read.sscc:
            read = read._replace(problem=None) if use.takes_cartons else read
        elif read.problem is None:
            product = catalogue.products[read.sku or ""]
            read = read._replace(problem=_use_problem(read, use, product, sku) or _lot_problem(read, use, product))
        if read.problem is None:
            sku = sku or read.sku
        reads.append(read)
    filled = command.fill(use.fill(command, [read for read in reads if read.problem is None and not read.sscc]))
    filled.set_read_scans(reads)
    return filled


def _use_problem(read: ReadScan, use: ScanUse, product: KnownProduct, sku: str | None) -> ProblemDetail | None:
    """Return why a command does not take what a scan names."""
    if use.is_of_one_product and sku and read.sku != sku:
        reason = f"it names product {read.sku}, other scans {sku}; send one command per product"
        return _problem(Code.WRONG_PRODUCT, read, reason)
    is_lot_of_units = use.takes_lots_of_units and product.tracking == "SERIAL"
    if read.serial is None and "LOT" not in use.expected and not is_lot_of_units:
        return _problem(Code.NOT_SERIAL_TRACKED, read, f"product {read.sku} has no serial numbers")
    if read.serial is not None and "SERIAL" not in use.expected:
        return _problem(Code.SERIAL_TRACKED_PRODUCT, read, f"product {read.sku} is serial-tracked")
    if use.needs_quantity and read.serial is None and read.quantity is None:
        reason = "neither label nor barcode says a quantity; enter lot and quantity by hand"
        return _problem(Code.QUANTITY_REQUIRED, read, reason)
    return None


def _lot_problem(read: ReadScan, use: ScanUse, product: KnownProduct) -> ProblemDetail | None:
    """Return the problem of a scan that names a lot-tracked product without the lot that its command needs."""
    if not use.needs_lot or product.tracking != "LOT" or read.lot:
        return None
    return _problem(Code.LOT_REQUIRED, read, f"it names product {read.sku}, but no lot; scan the code that names both")


def _problem(code: Code, read: ReadScan, reason: str) -> ProblemDetail:
    return ProblemDetail(code=code, detail=f"{read.text[:MAX_SHOWN]!r}: {reason}", ids=[read.text])
