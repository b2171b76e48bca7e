"""Filling of the fields of a command by its raw scans."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.quantities import LotQuantity
from shared.contracts.raw_scans import RawScans, ReadScan
from shared.inventory.scan_meanings import Catalogue, NameKind, ScanContext, classify_all, read_scan
from shared.inventory.scan_problems import MAX_SHOWN

Fill = Callable[[Any, Sequence[ReadScan]], Mapping[str, Any]]
"""Returns the fields of a command that its sound scans fill."""


def keep_scans(_: RawScans, __: Sequence[ReadScan]) -> Mapping[str, Any]:
    """Fill nothing: the handler of the command takes its read scans itself."""
    return {}


def fill_serials(_: RawScans, reads: Sequence[ReadScan]) -> Mapping[str, Any]:
    """Fill product and serial numbers."""
    return _product(reads) | {"serials": [read.serial for read in reads]}


def fill_serials_or_lots(_: RawScans, reads: Sequence[ReadScan]) -> Mapping[str, Any]:
    """Fill product, serial numbers and lots; several scans of one lot are added up."""
    quantities: dict[str, Decimal] = {}
    for read in reads:
        if read.serial is None:
            lot = read.lot or ""
            quantities[lot] = quantities.get(lot, Decimal(0)) + (read.quantity or 0)
    lots = [LotQuantity(lot=lot, quantity=quantity) for lot, quantity in quantities.items()]
    return _product(reads) | {"serials": [read.serial for read in reads if read.serial], "lots": lots}


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


def fill_command(command: RawScans, use: ScanUse, catalogue: Catalogue, year: int) -> RawScans:
    """Return a command with what its scans mean, and with the fields that they fill."""
    context = ScanContext(
        sku=getattr(command, "sku", None) or None,
        document=getattr(command, use.document) if use.document else None,
        expected=use.expected,
    )
    scans = classify_all(command.scans, year)
    reads: list[ReadScan] = []
    sku = context.sku
    for text in command.scans:
        read = read_scan(scans[text], context, catalogue)
        if read.problem is None and (problem := _use_problem(read, use, sku)):
            read = read._replace(problem=problem)
        if read.problem is None:
            sku = sku or read.sku
        reads.append(read)
    filled = command.model_copy(update=use.fill(command, [read for read in reads if read.problem is None]))
    filled.set_read_scans(reads)
    return filled


def _use_problem(read: ReadScan, use: ScanUse, sku: str | None) -> ProblemDetail | None:
    """Return why a command does not take what a scan names."""
    if use.is_of_one_product and sku and read.sku != sku:
        reason = f"it names product {read.sku}, other scans {sku}; send one command per product"
        return _problem(Code.WRONG_PRODUCT, read, reason)
    if read.serial is None and "LOT" not in use.expected:
        return _problem(Code.NOT_SERIAL_TRACKED, read, f"product {read.sku} has no serial numbers")
    if read.serial is not None and "SERIAL" not in use.expected:
        return _problem(Code.SERIAL_TRACKED_PRODUCT, read, f"product {read.sku} is serial-tracked")
    if use.needs_quantity and read.serial is None and read.quantity is None:
        reason = "neither label nor barcode says a quantity; enter lot and quantity by hand"
        return _problem(Code.QUANTITY_REQUIRED, read, reason)
    return None


def _problem(code: Code, read: ReadScan, reason: str) -> ProblemDetail:
    return ProblemDetail(code=code, detail=f"{read.text[:MAX_SHOWN]!r}: {reason}", ids=[read.text])
