"""Commands of the receiving pages, passed on to the service, and what its answers mean."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.console.clients.receipts import LineProgress, ScanAnswer
from services.console.design.problems import Refusal
from services.console.design.station import Outcome, Progress, Verdict, refusal_verdict
from services.console.design.terms import SCAN_VERDICTS
from services.console.page import Visit
from services.console.stations import judge
from shared.scans import Scan, classify

WARNINGS = {"DUPLICATE_IN_RECEIPT"}
REFUSED = {
    "INVALID", "NOT_A_SERIAL", "SERIAL_FORMAT_MISMATCH", "NOT_A_LOT", "EXPIRED", "INSUFFICIENT_SHELF_LIFE",
    "EXPIRY_REQUIRED", "LOT_REQUIRED", "NOT_LOT_TRACKED", "DUPLICATE_IN_REQUEST", "QUANTITY_REQUIRED",
    "LOT_DATES_MISMATCH", "TOO_MANY_UNITS", "QUANTITY_PRECISION", "MANUFACTURED_IN_FUTURE",
}  # fmt: skip
DUPLICATE = "duplicate_serial_in_request"


async def record(visit: Visit, receipt: str, body: Mapping[str, Any], key: str) -> Outcome:
    """Record scans and return their verdicts."""
    texts = [str(text) for text in body.get("texts", ())]
    scans = [classify(text) for text in texts]
    command = {
        "receipt": receipt, "session": body.get("session"), "location": body.get("location"), **_items(scans, body)
    }  # fmt: skip
    if not command.get("sku") and not command.get("barcode"):
        problem = Refusal("", "No product chosen", "", "Scan the barcode of the product, or tap its line first.")
        return Outcome([refusal_verdict(text, problem) for text in texts], as_of=datetime.now(UTC))

    async def send() -> Outcome:
        answer = await visit.receiving.scan(command, key)
        return Outcome(_verdicts(answer), _progress(answer.lines))

    return await judge(texts, send(), _duplicate_verdict)


async def undo(visit: Visit, receipt: str, body: Mapping[str, Any], key: str) -> Outcome:
    """Undo one scan."""
    items = {name: body[name] for name in ("serials", "lots") if body.get(name)}
    text = str(next(iter(next(iter(items.values()), [""])), ""))

    async def send() -> Outcome:
        answer = await visit.receiving.undo(receipt, str(body.get("session")), {"sku": body.get("sku"), **items}, key)
        return Outcome([Verdict(text, "warn", "Undone", undid=text)], _progress(answer.lines))

    return await judge([text], send())


def _progress(lines: Iterable[LineProgress]) -> list[Progress]:
    return [Progress(line.line, line.scanned + line.received, line.expected_quantity) for line in lines]


def _duplicate_verdict(refusal: Refusal) -> Verdict | None:
    return Verdict("", "warn", SCAN_VERDICTS["DUPLICATE_IN_RECEIPT"]) if refusal.code == DUPLICATE else None


def _items(scans: Sequence[Scan], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the product and the items that scans name, as the command has them."""
    first = scans[0].contents if scans else None
    if first is None or first.gtin is None or not (first.serial or first.lot):
        product = {"sku": body.get("sku")}
    else:
        product = {"barcode": first.gtin}
    dates = {
        name: value.isoformat()
        for name in ("expiry", "manufactured_on", "best_before")
        if first and (value := getattr(first, name))
    }
    if "quantity" in body and not (first and first.serial):
        lot = (first.lot if first and first.lot else scans[0].value) if body.get("tracking") != "NONE" else ""
        typed = {name: body[name] for name in ("expiry", "quantity") if body.get(name)}
        counted = {"quantity": first.quantity} if first and first.quantity else {}
        return product | {"lots": [{"lot": lot, **typed, **dates, **counted}]}
    if first and first.lot and not first.serial:
        counted = {"quantity": first.quantity} if first.quantity else {}
        return product | {"lots": [{"lot": first.lot, **dates, **counted}]}
    label = {"lot": first.lot, **dates} if first and first.serial and first.lot else dates
    return product | {"serials": [scan.contents.serial or scan.value for scan in scans], **label}


def _verdicts(answer: ScanAnswer) -> list[Verdict]:
    serials = [
        Verdict(
            each.serial, tone_of(each.status), SCAN_VERDICTS.get(each.status, each.status),
            each.conflicting_value or "",
            {"sku": answer.sku, "serials": [each.serial]} if is_recorded(each.status) else None,
        )
        for each in answer.scan_results
    ]  # fmt: skip
    lots = [
        Verdict(
            f"{each.lot} × {each.quantity + each.unmatched}", tone_of(each.status),
            SCAN_VERDICTS.get(each.status, each.status), each.conflicting_value or "",
            {"sku": answer.sku, "lots": [each.lot]} if is_recorded(each.status) else None,
        )
        for each in answer.lots
    ]  # fmt: skip
    return serials + lots


def is_recorded(status: str) -> bool:
    """Return whether a scan with this status is in the session, so that it can be undone."""
    return status not in REFUSED | WARNINGS


def tone_of(status: str) -> str:
    """Return the tone of a scan's status: good, warn or bad."""
    if status == "ACCEPTED":
        return "good"
    return "bad" if status in REFUSED else "warn"
