"""Problems of raw scans in commands: what is wrong, why, and what to do."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter

from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.raw_scans import ReadScan
from shared.identifiers import fold_lot
from shared.scans import Scan

MAX_SHOWN = 64
"""Number of characters of a scan in the text of a problem."""
MAX_NAMED = 10
"""Number of scans that the text of a problem describes."""


def unreadable_scan(scan: Scan, reason: str = "") -> ProblemDetail:
    """Return the problem of a scan that is no valid label and no identifier."""
    problems = [problem.detail for problem in scan.problems if not problem.is_tolerated]
    reason = reason or "; ".join(problems) or f"it is {scan.description}, not one serial number, lot or barcode"
    return _problem(Code.UNREADABLE_SCAN, scan, reason)


def carton_scan(scan: Scan, sscc: str) -> ProblemDetail:
    """Return the problem of the SSCC of a carton or pallet, whose items are scanned one by one."""
    return _problem(Code.UNREADABLE_SCAN, scan, f"it is the SSCC {sscc} of a carton or pallet; scan its items instead")


def unknown_scan(scan: Scan, reason: str, code: Code = Code.UNKNOWN_SCAN) -> ProblemDetail:
    """Return the problem of a scan that names nothing known."""
    return _problem(code, scan, reason)


def ambiguous_scan(scan: Scan, candidates: Iterable[str]) -> ProblemDetail:
    """Return the problem of a scan that may mean several things."""
    named = list(dict.fromkeys(candidates))
    reason = f"it may be {', '.join(named[:MAX_NAMED])}; state its product in the field sku"
    return _problem(Code.AMBIGUOUS_SCAN, scan, reason)


def other_product(scan: Scan, sku: str, others: Sequence[str]) -> ProblemDetail:
    """Return the problem of a label that names another product than its command."""
    return _problem(Code.WRONG_PRODUCT, scan, f"its label names product {', '.join(others)}, not {sku}")


def no_unit(scan: Scan, sku: str, quantity: int | None) -> ProblemDetail:
    """Return the problem of a label without the serial number of a unit."""
    what = f"a case of {quantity}" if quantity and quantity > 1 else "the product"
    reason = f"it names {what} of {sku}, but no unit; scan the serial number of each unit"
    return _problem(Code.SERIALS_REQUIRED, scan, reason)


def label_mismatch(
    read: ReadScan, *, lot: str | None, expiry: date | None, best_before: date | None = None
) -> ProblemDetail | None:
    """Return how a label contradicts what the books say of its unit or lot; None if it does not.

    The expiry in the books may be the best-before date on the label.
    """
    known = []
    if read.lot and lot and fold_lot(read.lot) != fold_lot(lot):
        known.append(f"lot {read.lot}, known is {lot}")
    if read.expiry and expiry and expiry not in {read.expiry, read.best_before}:
        known.append(f"expiry {read.expiry}, known is {expiry}")
    if read.best_before and best_before and read.best_before != best_before:
        known.append(f"best before {read.best_before}, known is {best_before}")
    if not known:
        return None
    detail = f"{read.text[:MAX_SHOWN]!r}: the label says {'; '.join(known)}"
    return ProblemDetail(code=Code.LABEL_MISMATCH, detail=detail, ids=[read.text])


def scan_problem(code: Code, read: ReadScan, reason: str) -> ProblemDetail:
    """Return the problem of a scan that a command does not take."""
    return ProblemDetail(code=code, detail=f"{read.text[:MAX_SHOWN]!r}: {reason}", ids=[read.text])


def group_problems(reads: Sequence[ReadScan]) -> list[ProblemDetail]:
    """Return the problems of scans, one per code."""
    problems = sorted((read.problem for read in reads if read.problem), key=attrgetter("code"))
    return [_merge(list(group), len(reads)) for _, group in groupby(problems, attrgetter("code"))]


def _merge(problems: Sequence[ProblemDetail], count: int) -> ProblemDetail:
    named = [problem.detail for problem in problems[:MAX_NAMED]]
    further = [f"and {len(problems) - MAX_NAMED} more"] if len(problems) > MAX_NAMED else []
    detail = f"{len(problems)} of {count} scans: {'; '.join([*named, *further])}"
    ids = [id_ for problem in problems for id_ in problem.ids]
    suggested = list(dict.fromkeys(value for problem in problems for value in problem.suggested))
    return problems[0].model_copy(update={"detail": detail, "ids": ids, "suggested": suggested})


def _problem(code: Code, scan: Scan, reason: str) -> ProblemDetail:
    return ProblemDetail(code=code, detail=f"{scan.text[:MAX_SHOWN]!r}: {reason}", ids=[scan.text])
