"""Closing a receipt, and what a supervisor decides on its discrepancies."""

import pytest

from services.receiving.receipts.domain import Desk, Outcome
from services.receiving.receipts.domain.resolving import FITTING
from shared.contracts.commands import receiving as commands
from shared.contracts.receiving import DiscrepancyFound, ReceiptClosed, ReceiptWithdrawn, UnitReceived
from tests.unit.receiving import floor
from tests.unit.receiving.floor import announce, codes, confirm, counts, line, say, scan, state, told

SUE = "sue"


def close(at: Desk, receipt: str) -> Outcome:
    """Close a receipt."""
    return say(at, commands.CloseReceipt(receipt=receipt), SUE)


def resolve(at: Desk, kind: str, resolution: str, receipt: str = "R1", **more: str) -> Outcome:
    """Decide on the receipt's first open discrepancy of a kind."""
    found = next(d for d in at.discrepancies.values() if d.kind == kind and d.receipt == receipt)
    named = {"receipt": receipt, "discrepancy": found.discrepancy, "resolution": resolution, "reason": "seen", **more}
    return say(at, commands.ResolveDiscrepancy.model_validate(named), SUE)


@pytest.fixture
def at() -> Desk:
    """R1 expects A, B and T (a screw) and has got A, and a discrepancy of every kind that a scan can make."""
    at = floor.desk()
    announce(at, "R0", line(["K"]))
    scan(at, "R0", "K")
    confirm(at, "R0")
    announce(at, "R1", line(["A", "B"]), line(["T"], number="2", sku="SCREW"), line(quantity=5, number="3", sku="SALT"))
    announce(at, "R2", line(["E"]))
    scan(at, "R1", "A", "K", "b", "E", "T", "u")
    confirm(at, "R1")
    return at


def test_close(at: Desk) -> None:
    """Closing ends what did not come, records it as short, and sums up each line (S15, S16)."""
    outcome = close(at, "R1")
    short = [fact for fact in outcome.events if isinstance(fact, DiscrepancyFound)]
    assert [(fact.kind, fact.sku, fact.serials, int(fact.quantity)) for fact in short] == [
        ("SHORT", "PUMP", ["B"], 1),
        ("SHORT", "SCREW", ["T"], 1),
        ("SHORT", "SALT", [], 5),
    ]
    withdrawn = [fact for fact in outcome.events if isinstance(fact, ReceiptWithdrawn)]
    assert {fact.reason for fact in withdrawn} == {"CLOSED"}
    closed = outcome.events[-1]
    assert isinstance(closed, ReceiptClosed)
    assert [(s.line, s.announced, s.received, s.short, s.unexpected) for s in closed.lines] == [
        ("1", 2, 1, 1, 1), ("2", 1, 0, 1, 0), ("3", 5, 0, 5, 0),
    ]  # fmt: skip
    assert state(at, "B") == "ABSENT"
    assert codes(close(at, "R1")) == ["receipt_closed"]
    assert codes(scan(at, "R1", "B", session="T")) == ["receipt_closed"]
    assert codes(announce(at, "R1", line(["Z"]))) == ["receipt_closed"]


def test_close_waits_for_open_sessions(at: Desk) -> None:
    """A receipt is not closed while anybody has unconfirmed scans on it; the refusal names the session."""
    scan(at, "R1", "B", session="T")
    outcome = close(at, "R1")
    assert codes(outcome) == ["session_open"]
    assert outcome.refusals[0].blocked_by == ["/receipts/R1/sessions/T"]
    say(at, commands.DropSession(receipt="R1", session="T"))
    assert not codes(close(at, "R1"))
    assert codes(close(at, "R9")) == ["unknown_receipt"]


def test_a_summary_of_many_lines_is_cut() -> None:
    """A receipt of 1 100 lines says its end in messages of at most 500 lines."""
    at = floor.desk()
    for part in range(3):
        announce(at, "R1", *(line(quantity=1, number=f"{part}-{number}") for number in range(400)))
    assert [len(fact.lines) for fact in close(at, "R1").events if isinstance(fact, ReceiptClosed)] == [500, 500, 200]


@pytest.mark.parametrize("kind", ["UNEXPECTED", "CASE_VARIANT", "WRONG_PRODUCT"])
def test_accept(at: Desk, kind: str) -> None:
    """An accepted unit is received as it was scanned, on its product's line (S16)."""
    outcome = resolve(at, kind, "ACCEPT")
    assert told(outcome) == ["unit.received.v1", "discrepancy.resolved.v1"]
    assert counts(at, "R1")[-1] == 2
    assert codes(resolve(at, kind, "ACCEPT")) == ["discrepancy_resolved"]


def test_accept_what_another_receipt_expects(at: Desk) -> None:
    """Accepting a unit that another receipt expects takes it from there, and says so."""
    withdrawn, received, _ = resolve(at, "EXPECTED_ELSEWHERE", "ACCEPT").events
    assert isinstance(withdrawn, ReceiptWithdrawn)
    assert isinstance(received, UnitReceived)
    assert (withdrawn.receipt, withdrawn.reason, withdrawn.serials) == ("R2", "TAKEN_OVER", ["E"])
    assert (received.receipt, received.serials) == ("R1", ["E"])
    assert received.versions > withdrawn.versions
    assert counts(at, "R2") == (0, 0, 0, 0, 0)


def test_a_known_serial_is_never_a_second_unit(at: Desk) -> None:
    """No resolution of a known serial makes a second unit or changes the first (S18)."""
    before = at.unit("PUMP", "K")
    assert codes(resolve(at, "KNOWN_SERIAL", "ACCEPT")) == ["resolution_does_not_fit"]
    assert told(resolve(at, "KNOWN_SERIAL", "TIE")) == ["discrepancy.resolved.v1"]
    assert at.unit("PUMP", "K") == before
    assert next(d for d in at.discrepancies.values() if d.kind == "KNOWN_SERIAL").tied_to == "K"


def test_tie_to_the_expected_unit(at: Desk) -> None:
    """A scan in the wrong spelling, tied to the unit that was announced, receives that one (S16, S17)."""
    received, _ = resolve(at, "CASE_VARIANT", "TIE").events
    assert isinstance(received, UnitReceived)
    assert received.serials == ["B"]
    assert (state(at, "B"), state(at, "b"), counts(at, "R1")) == ("IN_HOUSE", "ABSENT", (2, 2, 0, 0, 2))


def test_tie_a_wrong_product(at: Desk) -> None:
    """A serial scanned as a pump and announced as a screw is received as the screw."""
    received, _ = resolve(at, "WRONG_PRODUCT", "TIE").events
    assert isinstance(received, UnitReceived)
    assert (received.sku, received.serials, received.line) == ("SCREW", ["T"], "2")


def test_tie_to_nothing(at: Desk) -> None:
    """A scan can be tied to no unit that nobody knows, nor to one that another receipt expects."""
    assert codes(resolve(at, "UNEXPECTED", "TIE")) == ["resolution_does_not_fit"]
    assert codes(resolve(at, "UNEXPECTED", "TIE", tie_to="E")) == ["serial_expected_elsewhere"]


@pytest.mark.parametrize("resolution", ["SEND_BACK", "VOID"])
def test_resolutions_that_move_nothing(at: Desk, resolution: str) -> None:
    """Sent back, or a wrong entry: the discrepancy is closed with its reason, and no unit is received."""
    assert told(resolve(at, "UNEXPECTED", resolution)) == ["discrepancy.resolved.v1"]
    assert state(at, "u") == "ABSENT"
    assert floor.verdicts(scan(at, "R1", "u", session="T")) == ["UNEXPECTED"]


def test_short(at: Desk) -> None:
    """A shortfall can be accepted or declared void, not sent back or tied."""
    close(at, "R1")
    assert codes(resolve(at, "SHORT", "TIE")) == ["resolution_does_not_fit"]
    assert told(resolve(at, "SHORT", "ACCEPT")) == ["discrepancy.resolved.v1"]
    assert set(FITTING) == {"OVER", "SHORT", "UNEXPECTED", "KNOWN_SERIAL", "CASE_VARIANT", "EXPECTED_ELSEWHERE",
                            "WRONG_PRODUCT"}  # fmt: skip


def test_accept_what_became_known_meanwhile(at: Desk) -> None:
    """A unit set aside here and received elsewhere since cannot be accepted too (S18)."""
    announce(at, "B1", kind="BLIND")
    scan(at, "B1", "u")
    confirm(at, "B1")
    assert codes(resolve(at, "UNEXPECTED", "ACCEPT")) == ["serial_known"]


def test_unknown_discrepancy(at: Desk) -> None:
    """A discrepancy of another receipt, or of none, is unknown."""
    wish = commands.ResolveDiscrepancy(receipt="R2", discrepancy="id-1", resolution="VOID", reason="seen")
    assert codes(say(at, wish)) == ["unknown_discrepancy"]
