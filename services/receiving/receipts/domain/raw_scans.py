"""Raw scans on a receipt: they may name several products and lots, and each is recorded like a typed item."""

from itertools import groupby
from typing import Any

from shared.contracts.commands.receiving import ScanItems, ScannedLot
from shared.contracts.problems import ProblemDetail
from shared.contracts.raw_scans import RawScans, ReadScan
from shared.inventory.scan_problems import group_problems


def split_scans(command: ScanItems) -> list[ScanItems]:
    """Return a command per run of scans with the same product and label; a command without raw scans is the only one.

    Each lot is a command of its own, since repeated scans of a lot are added up.
    """
    if not command.scans:
        return [command]
    taken = [read for read in command.read_scans if is_taken(read) and not read.sscc]
    runs = [list(run) for _, run in groupby(enumerate(taken), lambda entry: _run_key(*entry))]
    return [_to_command(command, [read for _, read in run]) for run in runs]


def scanned_ssccs(command: RawScans) -> list[str]:
    """Return the scanned SSCCs of cartons and pallets."""
    return [read.sscc for read in command.read_scans if read.sscc]


def unread_scans(command: ScanItems) -> list[ProblemDetail]:
    """Return the problems of the scans that are not recorded."""
    return group_problems([read._replace(problem=None) if is_taken(read) else read for read in command.read_scans])


def is_taken(read: ReadScan) -> bool:
    """Whether a scan is recorded: a unit or lot with the label of another product is a discrepancy."""
    return read.problem is None or (read.label_sku is not None and bool(read.serial or read.lot))


def _run_key(index: int, read: ReadScan) -> tuple[Any, ...]:
    label = (read.lot, read.expiry, read.manufactured_on, read.best_before, read.gtin, read.label_sku)
    return read.sku, index if read.serial is None else -1, *label


def _to_command(command: ScanItems, reads: list[ReadScan]) -> ScanItems:
    first = reads[0]
    dates = {name: getattr(first, name) for name in ("expiry", "manufactured_on", "best_before")}
    fields: dict[str, Any]
    if first.serial is None:
        fields = {"lots": [ScannedLot(lot=first.lot or "", quantity=first.quantity, **dates)]}
    else:
        gtin = None if first.label_sku else first.gtin
        fields = {"serials": [read.serial for read in reads], "lot": first.lot, "gtin": gtin, **dates}
    part = command.model_copy(update={"scans": [], "sku": first.sku, **fields})
    part.set_read_scans(reads)
    return part
