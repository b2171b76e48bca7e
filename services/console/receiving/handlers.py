"""Commands of the receiving pages, passed on to the service, and what its answers mean."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.console.clients.http import to_refusal
from services.console.clients.receipts import LineProgress, LotVerdict, ScanAnswer, SerialVerdict
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
    command = {
        "receipt": receipt, "session": body.get("session"), "location": body.get("location"), **_items(texts, body)
    }  # fmt: skip

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


def _items(texts: Sequence[str], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return product and items as the command has them: the scans as they are, or a lot with what was typed beside."""
    typed = {name: body[name] for name in ("expiry", "quantity") if body.get(name)}
    scans = [classify(text) for text in texts]
    if (typed or body.get("tracking") == "NONE") and not any(scan.contents.serial for scan in scans):
        return _typed_lot(scans[0], body, typed)
    names_products = all(scan.contents.gtin for scan in scans)
    product = {} if names_products or not body.get("sku") else {"sku": body["sku"]}
    return product | {"scans": list(texts)}


def _typed_lot(scan: Scan, body: Mapping[str, Any], typed: Mapping[str, Any]) -> dict[str, Any]:
    contents = scan.contents
    product = {"barcode": contents.gtin} if contents.gtin else {"sku": body.get("sku")}
    dates = {
        name: value.isoformat()
        for name in ("expiry", "manufactured_on", "best_before")
        if (value := getattr(contents, name))
    }
    counted = {"quantity": contents.quantity} if contents.quantity else {}
    lot = "" if body.get("tracking") == "NONE" else contents.lot or scan.value
    return product | {"lots": [{"lot": lot, **typed, **dates, **counted}]}


def _verdicts(answer: ScanAnswer) -> list[Verdict]:
    serials = [_verdict(answer, each, each.serial, {"serials": [each.serial]}) for each in answer.scan_results]
    lots = [
        _verdict(answer, each, f"{each.lot} × {each.quantity + each.unmatched}", {"lots": [each.lot]})
        for each in answer.lots
    ]
    judged = {each.serial for each in answer.scan_results} | {each.lot for each in answer.lots}
    refused = [
        refusal_verdict(str(text), to_refusal(each))
        for each in answer.rejected
        for text in each.get("ids", ())
        if text not in judged
    ]
    return serials + lots + refused


def _verdict(
    answer: ScanAnswer, result: SerialVerdict | LotVerdict, text: str, undo: Mapping[str, Sequence[str]]
) -> Verdict:
    word = SCAN_VERDICTS.get(result.status, result.status)
    taken_back = {"sku": result.sku or answer.sku, **undo} if is_recorded(result.status) else None
    return Verdict(text, tone_of(result.status), word, result.conflicting_value or "", taken_back)


def is_recorded(status: str) -> bool:
    """Return whether a scan with this status is in the session, so that it can be undone."""
    return status not in REFUSED | WARNINGS


def tone_of(status: str) -> str:
    """Return the tone of a scan's status: good, warn or bad."""
    if status == "ACCEPTED":
        return "good"
    return "bad" if status in REFUSED else "warn"
