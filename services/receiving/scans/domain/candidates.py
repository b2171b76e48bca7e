"""What a scan may mean: the context decides before anybody is asked, and nothing is guessed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from services.receiving.receipts.domain.records import ReceiptStatus, UnitStatus
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.reference import Tracking
from shared.contracts.serial_formats import SerialFormat
from shared.contracts.serial_lists import ListProblem, ListProblemCode, SerialList
from shared.identifiers import fold_lot
from shared.inventory.serial_formats import describe, matches
from shared.scans import Scan, ScanKind
from shared.scans.gtin import spellings

CandidateKind = Literal["PRODUCT", "SERIAL", "LOT", "RECEIPT", "LOCATION", "CARTON"]
NEEDED_TEXT = frozenset({ScanKind.TEXT, ScanKind.GTIN, ScanKind.SSCC})
"""Kinds of scans that may be an identifier of any kind."""


class Candidate(NamedTuple):
    """Something that a scan may mean."""

    kind: CandidateKind
    id: str
    sku: str | None = None
    quantity: int | None = None
    """Number of units that one scan of a barcode represents."""
    status: UnitStatus | ReceiptStatus | None = None
    """Status of the serial number or receipt; None: not known yet."""
    receipt: str | None = None


class Context(NamedTuple):
    """Where a text is scanned: the kinds that the act expects, its product and its receipt."""

    expected: frozenset[CandidateKind] = frozenset()
    sku: str | None = None
    receipt: str | None = None
    tracking: Tracking | None = None
    serial_format: SerialFormat | None = None


class LookUp(NamedTuple):
    """What to look up for a scan."""

    codes: Sequence[str] = ()
    """Barcodes: the text and every spelling of its GTINs."""
    text: str | None = None
    """SKU, receipt or location."""
    serial: str | None = None
    lot_key: str | None = None
    sscc: str | None = None


def plan_look_up(scan: Scan) -> LookUp:
    """Return what to look up; texts with other than printable characters are no identifiers."""
    codes = [code for gtin in (scan.gtin, scan.other_gtin) if gtin for code in spellings(gtin)]
    if scan.kind not in NEEDED_TEXT:
        lot = scan.contents.lot
        lot_key = fold_lot(lot) if lot else None
        return LookUp(codes, serial=scan.contents.serial, lot_key=lot_key, sscc=scan.contents.sscc)
    if not (scan.value.isascii() and scan.value.isprintable()):
        return LookUp(codes)
    return LookUp([scan.value, *codes], scan.value, scan.value, fold_lot(scan.value), scan.contents.sscc)


def resolve(scan: Scan, found: Sequence[Candidate], context: Context) -> list[Candidate]:
    """Return what a scan may mean; one candidate is no guess."""
    if scan.elements:
        return _resolve_elements(scan, found, context)
    candidates = list(dict.fromkeys(found))
    if not candidates and (new := _new_identifier(scan, context)):
        candidates = [new]
    preferences: tuple[Callable[[Candidate], bool], ...] = (
        lambda candidate: candidate.kind in context.expected,
        lambda candidate: context.receipt is not None and candidate.receipt == context.receipt,
        lambda candidate: context.sku is not None and candidate.sku == context.sku,
        lambda candidate: candidate.id == scan.value or candidate.kind != "LOT",
    )
    for is_preferred in preferences:
        candidates = _narrow(candidates, is_preferred)
    return candidates


def ambiguity(scan: Scan, candidates: Sequence[Candidate]) -> ProblemDetail | None:
    """Return the problem of a scan that may mean several things, or nothing that is known."""
    if len(candidates) > 1:
        named = ", ".join(f"{candidate.kind} {candidate.sku or candidate.id}" for candidate in candidates)
        detail = f"{scan.value[:64]!r} may be {named}; say which by `expected`, `sku` or `receipt`"
        return ProblemDetail(code=Code.AMBIGUOUS_SCAN, detail=detail, ids=sorted({named.id for named in candidates}))
    if not candidates and scan.elements and (sscc := scan.contents.sscc):
        detail = f"No receipt announces carton or pallet {sscc}; scan the units and lots in it"
        return ProblemDetail(code=Code.CARTON_NOT_FOUND, detail=detail, ids=[sscc])
    if candidates or scan.gtin is None:
        return None
    detail = f"No product has the barcode {scan.gtin} in any spelling; add it to the barcodes of its product"
    return ProblemDetail(code=Code.PRODUCT_NOT_FOUND, detail=detail, ids=[scan.gtin])


def _narrow(candidates: list[Candidate], is_preferred: Callable[[Candidate], bool]) -> list[Candidate]:
    return [candidate for candidate in candidates if is_preferred(candidate)] or candidates


def _resolve_elements(scan: Scan, found: Iterable[Candidate], context: Context) -> list[Candidate]:
    """Return what a label says: the unit or lot of the product that its GTIN names."""
    known = list(dict.fromkeys(found))
    if scan.contents.sscc:
        return [candidate for candidate in known if candidate.kind == "CARTON"]
    products = [candidate for candidate in known if candidate.kind == "PRODUCT"]
    skus = list(dict.fromkeys(candidate.sku for candidate in products)) or [context.sku] * (scan.gtin is None)
    serial, lot = scan.contents.serial, scan.contents.lot
    if not (serial or lot):
        return products
    kind: CandidateKind = "SERIAL" if serial else "LOT"
    candidates = []
    for sku in skus:
        own = [candidate for candidate in known if candidate.kind == kind and candidate.sku == sku]
        candidates.extend(own or ([Candidate(kind, serial or lot or "", sku)] if sku else []))
    return candidates


def _new_identifier(scan: Scan, context: Context) -> Candidate | None:
    """Return what an unknown text is on a product: a new serial number of its format, or a new lot."""
    if scan.kind not in NEEDED_TEXT or context.sku is None:
        return None
    if context.tracking == "LOT":
        return Candidate("LOT", scan.value, context.sku)
    if context.tracking == "SERIAL" and (context.serial_format is None or matches(context.serial_format, scan.value)):
        return Candidate("SERIAL", scan.value, context.sku)
    return None


def find_other_formats(found: SerialList, context: Context) -> list[ListProblem]:
    """Find the typed serial numbers that are not of the serial format of the product."""
    if context.serial_format is None:
        return []
    others = [serial for serial in found.serials if not matches(context.serial_format, serial)]
    if not others:
        return []
    named = others[0] if len(others) == 1 else f"{others[0]} and {len(others) - 1} more"
    detail = f"{named} not of the serial format of {context.sku}: {describe(context.serial_format)}; correct the list"
    return [ListProblem(ListProblemCode.OTHER_FORMAT, detail, others[0])]
