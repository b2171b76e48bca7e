"""Every resolution of every kind of discrepancy has an effect, is not offered, or is rejected with what to do."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from services.receiving.receipts.domain.discrepancies import ALLOWED_RESOLUTIONS, allowed_resolutions
from services.receiving.receipts.domain.records import Discrepancy
from shared.contracts.commands import receiving as commands
from shared.contracts.serials import SerialAdjusted, SerialAdjustment, SerialStateChanged
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import (
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    event_types,
    scan_lots,
    scan_serials,
    scanned_lot,
    unit_status,
)

SUE = "sue"
RECEIVED = "receipt.serials_received.v1"
RECEIVED_LOTS = "receipt.lots_received.v1"
DECIDED = "discrepancy.resolved.v1"
TAKEN_OVER = "receipt.line_cancelled.v1"


@pytest.fixture
def service() -> InMemoryReceiving:
    """R1 has a discrepancy of every kind."""
    return receipt_with_discrepancies()


def receipt_with_discrepancies() -> InMemoryReceiving:
    """R1 has a discrepancy of every kind but SHORT; it still expects B and the screw T, R2 expected E."""
    service = InMemoryReceiving()
    announce_receipt(service, "R0", kind="BLIND")
    scan_serials(service, "R0", "K", lot="LOT 1")
    confirm_session(service, "R0")
    announce_receipt(service, "R2", asn_line(["E"]))
    milk = asn_line(number="3", sku="MILK", quantity=1)
    announced = asn_line(["N"], number="4") | {"lots": [{"lot": "L1", "serials": ["N"]}]}
    announce_receipt(
        service, "R1", asn_line(["A", "B", "V"]), asn_line(["T"], number="2", sku="SCREW"), milk, announced
    )
    scan_serials(service, "R1", "A", "K", "b", "E", "T", "u")
    scan_serials(service, "R1", "N", lot="L9")
    scan_serials(service, "R1", "V", lot="lot  1")
    scan_serials(service, "R1", "T", sku="SCREW", session="T")
    scan_serials(service, "R1", "over", sku="SCREW", session="T")
    service.handle_command(commands.UndoScan(receipt="R1", session="T", sku="SCREW", serials=["T"]))
    scan_lots(service, "R1", scanned_lot("L", 3), scanned_lot("X", expiry="2026-02-28"))
    scan_lots(service, "R1", scanned_lot("Y", expiry=None), scanned_lot("Z", expiry="2026-03-03"))
    for session in ("S", "T"):
        confirm_session(service, "R1", session)
    return service


def discrepancy_of(service: InMemoryReceiving, kind: str, *, is_lot: bool = False) -> Discrepancy:
    """The discrepancy of a kind, about a serial number or a lot."""
    return next(
        found for found in service.uow.discrepancies if found.kind == kind and (found.scan_id is not None) == is_lot
    )


def resolve(service: InMemoryReceiving, discrepancy: Discrepancy, resolution: str, **overrides: str) -> CommandResult:
    """Resolve a discrepancy as a supervisor."""
    fields = {"receipt": "R1", "discrepancy": discrepancy.discrepancy, "resolution": resolution, "reason": "seen"}
    return service.handle_command(commands.ResolveDiscrepancy.model_validate(fields | overrides), SUE)


NOT_OFFERED, WITHOUT_EFFECT = ["resolution_not_allowed"], ["resolution_without_effect"]
EFFECTS: dict[tuple[str, str], list[str]] = {
    ("OVER", "ACCEPT"): [RECEIVED, DECIDED],
    ("OVER", "MATCH"): WITHOUT_EFFECT,
    ("UNEXPECTED", "ACCEPT"): [RECEIVED, DECIDED],
    ("UNEXPECTED", "MATCH"): WITHOUT_EFFECT,
    ("DUPLICATE_SERIAL", "ACCEPT"): NOT_OFFERED,
    ("DUPLICATE_SERIAL", "MATCH"): WITHOUT_EFFECT,
    ("CASE_MISMATCH", "ACCEPT"): [RECEIVED, DECIDED],
    ("CASE_MISMATCH", "MATCH"): [RECEIVED, DECIDED],
    ("LOT_CASE_MISMATCH", "ACCEPT"): [RECEIVED, DECIDED],
    ("LOT_CASE_MISMATCH", "MATCH"): [RECEIVED, DECIDED],
    ("EXPECTED_ON_OTHER_RECEIPT", "ACCEPT"): [TAKEN_OVER, RECEIVED, DECIDED],
    ("EXPECTED_ON_OTHER_RECEIPT", "MATCH"): ["serial_expected_on_other_receipt"],
    ("WRONG_PRODUCT", "ACCEPT"): [RECEIVED, DECIDED],
    ("WRONG_PRODUCT", "MATCH"): [RECEIVED, DECIDED],
    ("NOT_AS_ANNOUNCED", "ACCEPT"): [RECEIVED, DECIDED],
    ("NOT_AS_ANNOUNCED", "MATCH"): NOT_OFFERED,
} | {
    (kind, resolution): [DECIDED]
    for kind, allowed in ALLOWED_RESOLUTIONS.items() if "RETURN_TO_VENDOR" in allowed
    for resolution in ("RETURN_TO_VENDOR", "VOID")
} | {("DUPLICATE_SERIAL", "RETURN_TO_VENDOR"): WITHOUT_EFFECT} | {
    (kind, resolution): [DECIDED] if resolution == "VOID" else NOT_OFFERED
    for kind in ("EXPIRED", "INSUFFICIENT_SHELF_LIFE", "EXPIRY_REQUIRED")
    for resolution in ("ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID")
}  # fmt: skip
"""Events of each resolution without further fields, or its error."""


def test_table_is_complete() -> None:
    """The table has each kind with each resolution; SHORT is decided by closing the receipt."""
    resolutions = {"ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"}
    assert set(EFFECTS) == {(kind, name) for kind in ALLOWED_RESOLUTIONS if kind != "SHORT" for name in resolutions}


@pytest.mark.parametrize(("kind", "resolution"), list(EFFECTS))
def test_resolution_has_its_effect_or_is_rejected(service: InMemoryReceiving, kind: str, resolution: str) -> None:
    """A resolution changes what it says, or is rejected and the discrepancy stays as it was (S16, S18)."""
    before, lines_before = discrepancy_of(service, kind), {line.key: line for line in service.uow.lines}
    result = resolve(service, before, resolution)
    expected = EFFECTS[kind, resolution]
    after = discrepancy_of(service, kind)
    if result.violations:
        assert (error_codes(result), list(result.events), after) == (expected, [], before)
        return
    assert event_types(result) == expected
    assert (after.resolution, after.resolved_by, after.reason) == (resolution, SUE, "seen")
    received = sum(line.received - lines_before[line.key].received for line in service.uow.lines)
    assert received == (RECEIVED in expected)
    assert error_codes(resolve(service, after, resolution)) == ["discrepancy_resolved"]


@pytest.mark.parametrize("kind", ["OVER", "UNEXPECTED"])
@pytest.mark.parametrize(
    ("resolution", "status"),
    [("ACCEPT", "RECEIVED"), ("RETURN_TO_VENDOR", "REJECTED"), ("VOID", "REJECTED"), ("MATCH", None)],
)
def test_resolution_of_a_lot(service: InMemoryReceiving, kind: str, resolution: str, status: str | None) -> None:
    """An unmatched lot is received or rejected; it cannot be matched to a unit (S16)."""
    if kind == "UNEXPECTED":
        service.define_product("CREAM", "LOT")
        scan_lots(service, "R1", scanned_lot("C"), sku="CREAM", session="C")
        confirm_session(service, "R1", "C")
    discrepancy = discrepancy_of(service, kind, is_lot=True)
    before = service.uow.lot_scans[discrepancy.scan_id or ""]
    result = resolve(service, discrepancy, resolution)
    after = service.uow.lot_scans[discrepancy.scan_id or ""]
    if status is None:
        assert (error_codes(result), after) == (NOT_OFFERED, before)
        return
    assert event_types(result) == ([RECEIVED_LOTS, DECIDED] if resolution == "ACCEPT" else [DECIDED])
    assert after.status == status


def ship(service: InMemoryReceiving) -> None:
    """K is shipped."""
    fields = {"sku": "PUMP", "serials": ["K"], "versions": [5], "status": "SHIPPED", "reason": "dispatched"}
    service.handle(SerialStateChanged.model_validate(fields | {"order": "SO-1", "customer": "C-1"}))


def adjustment(*adjustments: SerialAdjustment) -> Callable[[InMemoryReceiving], None]:
    """Build a step that adjusts K."""

    def adjust(service: InMemoryReceiving) -> None:
        for change in adjustments:
            service.handle(SerialAdjusted(sku="PUMP", serials=["K"], adjustment=change, reason="seen"))

    return adjust


def scan_elsewhere(service: InMemoryReceiving) -> None:
    """K2 is scanned in an open session."""
    announce_receipt(service, "R3", kind="BLIND")
    scan_serials(service, "R3", "K2", session="U")


MATCH_VIOLATIONS: tuple[tuple[Callable[[InMemoryReceiving], None] | None, str, str, list[str]], ...] = (
    (ship, "K", "customer return of order SO-1 of C-1", ["/orders/SO-1"]),
    (None, "K", "is ON_HAND: it was received on receipt R0; look up where it stands", ["/serials/PUMP/K"]),
    (adjustment("LOST"), "K", "is LOST: adjust it as FOUND where it stands", ["/serials/PUMP/K"]),
    (adjustment("SCRAPPED"), "K", "is SCRAPPED: adjust it as FOUND", ["/serials/PUMP/K"]),
    (
        adjustment("RETURNED_TO_VENDOR"),
        "K",
        "is RETURNED_TO_VENDOR: adjust it as RETURNED_FROM_VENDOR",
        ["/serials/PUMP/K"],
    ),
    (adjustment("LOST", "FOUND"), "K", "is ON_HAND: it was received on receipt R0", ["/serials/PUMP/K"]),
    (None, "A", "received on receipt R1", ["/serials/PUMP/A"]),
    (adjustment("VOID"), "K", "is VOID: its serial number is never used again", ["/serials/PUMP/K"]),
    (scan_elsewhere, "K2", "undo its scan in session U of receipt R3", ["/receipts/R3/sessions/U"]),
    (None, "none", "is not expected on receipt R1; name the expected serial number", []),
    (None, "E", "is expected on receipt R2", ["/receipts/R2"]),
)


@pytest.mark.parametrize("case", range(len(MATCH_VIOLATIONS)))
@pytest.mark.parametrize("kind", ["DUPLICATE_SERIAL", "UNEXPECTED", "CASE_MISMATCH"])
def test_match_to_a_unit_that_is_not_expected_is_rejected(service: InMemoryReceiving, kind: str, case: int) -> None:
    """MATCH to a unit that this receipt cannot receive is rejected with the way to receive it (S16, S18)."""
    prepare, serial, detail, blocked_by = MATCH_VIOLATIONS[case]
    if prepare:
        prepare(service)
    before, unit = discrepancy_of(service, kind), service.uow.get_unit("PUMP", serial)
    result = resolve(service, before, "MATCH", match_to=serial)
    (violation,) = result.violations
    assert violation.code in {"resolution_without_effect", "serial_expected_on_other_receipt"}
    assert detail in violation.detail
    assert violation.blocked_by == blocked_by
    assert (result.events, discrepancy_of(service, kind), service.uow.get_unit("PUMP", serial)) == ([], before, unit)


def test_any_scan_is_matched_to_an_expected_unit(service: InMemoryReceiving) -> None:
    """A misread label is matched to the unit that the receipt expects, also if it reads as a registered serial."""
    result = resolve(service, discrepancy_of(service, "DUPLICATE_SERIAL"), "MATCH", match_to="B")
    assert event_types(result) == [RECEIVED, DECIDED]
    assert (unit_status(service, "B"), unit_status(service, "K")) == ("ON_HAND", "ON_HAND")
    assert discrepancy_of(service, "DUPLICATE_SERIAL").matched_serial == "B"


def test_accepting_a_shipped_unit_says_how_it_comes_back(service: InMemoryReceiving) -> None:
    """A unit that was received elsewhere and shipped meanwhile is received as a customer return (S18)."""
    announce_receipt(service, "R3", kind="BLIND")
    scan_serials(service, "R3", "u", session="U")
    confirm_session(service, "R3", "U")
    fields = {"sku": "PUMP", "serials": ["u"], "versions": [5], "status": "SHIPPED", "reason": "dispatched"}
    service.handle(SerialStateChanged.model_validate(fields | {"order": "SO-2", "customer": "C-2"}))
    (violation,) = resolve(service, discrepancy_of(service, "UNEXPECTED"), "ACCEPT").violations
    assert (violation.code, violation.blocked_by) == ("duplicate_serial", ["/orders/SO-2"])


@pytest.mark.parametrize(
    ("resolution", "fields"),
    [("ACCEPT", {"match_to": "B"}), ("MATCH", {"line": "1"}), ("VOID", {"line": "1"}), ("REJECT", {})],
)
def test_fields_without_effect_are_invalid(resolution: str, fields: dict[str, str]) -> None:
    """A field that its resolution would ignore is invalid, and so is REJECT, which only a scan decides."""
    common_fields = {"receipt": "R1", "discrepancy": "D", "resolution": resolution, "reason": "seen"}
    with pytest.raises(ValidationError):
        commands.ResolveDiscrepancy.model_validate(common_fields | fields)


def test_accepting_an_expected_unit_on_another_line_is_rejected(service: InMemoryReceiving) -> None:
    """A unit that was announced after its scan is accepted on its own line only."""
    announce_receipt(service, "R1", asn_line(["u"], number="4"))
    discrepancy = discrepancy_of(service, "UNEXPECTED")
    assert error_codes(resolve(service, discrepancy, "ACCEPT", line="1")) == ["line_not_found"]
    assert event_types(resolve(service, discrepancy, "ACCEPT", line="4")) == [RECEIVED, DECIDED]


@pytest.mark.parametrize(
    ("kind", "resolution"), [("CASE_MISMATCH", "MATCH"), ("UNEXPECTED", "ACCEPT"), ("DUPLICATE_SERIAL", "VOID")]
)
def test_open_discrepancies_of_a_closed_receipt_stay_decidable(
    service: InMemoryReceiving, kind: str, resolution: str
) -> None:
    """A receipt that an earlier release closed with open discrepancies can still be decided (S16)."""
    open_discrepancies = [found for found in service.uow.discrepancies if found.resolution is None]
    for discrepancy in open_discrepancies:
        resolve(service, discrepancy, "VOID")
    service.handle_command(commands.CloseReceipt(receipt="R1"))
    for discrepancy in open_discrepancies:
        service.uow.discrepancies.put(discrepancy)
    events = event_types(resolve(service, discrepancy_of(service, kind), resolution))
    assert events == ([DECIDED] if resolution == "VOID" else [RECEIVED, DECIDED])
    assert (unit_status(service, "B") == "ON_HAND") is (kind == "CASE_MISMATCH")


@pytest.mark.parametrize("resolution", ["ACCEPT", "RETURN_TO_VENDOR", "MATCH", "VOID"])
def test_shortage_is_decided_by_the_closing(resolution: str) -> None:
    """What did not come is decided when its receipt is closed: nothing can be received or sent back (S16)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A"]))
    service.handle_command(commands.CloseReceipt(receipt="R1"), SUE)
    (short,) = service.uow.discrepancies
    assert (short.kind, short.resolution, short.resolved_by) == ("SHORT", "ACCEPT", SUE)
    assert error_codes(resolve(service, short, resolution)) == ["discrepancy_resolved"]


def test_open_shortage_of_an_earlier_release_is_decidable() -> None:
    """Only a shortage that an earlier release left open is resolved by a supervisor."""
    assert allowed_resolutions("SHORT", None, None, "CLOSED") == {"ACCEPT", "VOID"}
    assert allowed_resolutions("SHORT", None, "ACCEPT", "CLOSED") == frozenset()


def test_late_conflict_does_not_reopen_a_receipt() -> None:
    """An event that contradicts a closed receipt is an event conflict, no undecided discrepancy."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A"]))
    service.handle_command(commands.CloseReceipt(receipt="R1"))
    fields = {"sku": "PUMP", "serials": ["A"], "versions": [5], "from_status": "PICKED", "status": "SHIPPED"}
    fields["reason"] = "dispatched"
    events = service.handle_event(SerialStateChanged.model_validate(fields | {"order": "SO-1", "customer": "C-1"}))
    assert [event.kind for event in events if event.TYPE == "receipt.rejected.v1"] == ["EVENT_CONFLICT"]  # type: ignore[attr-defined]
    assert all(found.resolution for found in service.uow.discrepancies)


def test_steps_cover_all_kinds(service: InMemoryReceiving) -> None:
    """The receipt of these tests has a discrepancy of every kind."""
    assert {found.kind for found in service.uow.discrepancies} == set(ALLOWED_RESOLUTIONS) - {"SHORT"}
