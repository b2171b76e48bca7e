"""Scans: the verdict on each serial, sessions, and what a scan leaves when it is taken back."""

import pytest

from services.receiving.receipts import domain
from services.receiving.receipts.domain import Desk
from shared.contracts.commands import receiving as commands
from shared.contracts.receiving import DiscrepancyFound, UnitReceived
from shared.contracts.serials import SerialAdjusted
from shared.contracts.upstream import LifePolicy
from tests.unit.receiving import floor
from tests.unit.receiving.floor import announce, codes, confirm, counts, line, say, scan, state, told, verdicts


@pytest.fixture
def at() -> Desk:
    """R1 expects A, B and two unnamed pumps; R2 expects E; K is in the house; R1 expects T as a screw."""
    at = floor.desk()
    announce(at, "R0", line(["K"]))
    scan(at, "R0", "K")
    confirm(at, "R0")
    announce(at, "R1", line(["A", "B"], 4), line(["T"], number="2", sku="SCREW"))
    announce(at, "R2", line(["E"]))
    return at


def test_every_scan_has_its_own_verdict(at: Desk) -> None:
    """Expected and unnamed units are accepted, every other one is told apart; none of it stops the rest (S14, S16)."""
    outcome = scan(at, "R1", "A", "x1", "A", "K", "b", "E", "T", "", "x2", "x3", " x4")
    assert verdicts(outcome) == [
        "ACCEPTED", "ACCEPTED", "DUPLICATE_IN_RECEIPT", "KNOWN_SERIAL", "CASE_VARIANT", "EXPECTED_ELSEWHERE",
        "WRONG_PRODUCT", "BADLY_FORMED", "ACCEPTED", "UNEXPECTED", "BADLY_FORMED",
    ]  # fmt: skip
    assert codes(outcome) == ["serial_badly_formed", "serial_repeated"]
    assert counts(at, "R1") == (4, 2, 2, 3, 0)
    assert state(at, "K") == "IN_HOUSE"
    assert at.unit("PUMP", "E").receipt == "R2"


def test_over(at: Desk) -> None:
    """When as many units are scanned as announced, one more is too many (S16)."""
    assert verdicts(scan(at, "R2", "E", "F")) == ["ACCEPTED", "OVER"]


@pytest.mark.parametrize("serial", ["", "x" * 65, "a\tb", "a\0b", "ä", "a ", " a", "a\n"])
def test_badly_formed(at: Desk, serial: str) -> None:
    """Empty, over-long, control-character, non-ASCII and padded serials are refused, as no unit's serial."""
    outcome = scan(at, "R1", serial)
    assert codes(outcome) == ["serial_badly_formed"]
    assert outcome.body is None
    assert at.receipts["R1"].status == "PLANNED"


def test_once_only(at: Desk) -> None:
    """A unit scanned, confirmed or set aside on a receipt is a duplicate there in any session (S14)."""
    scan(at, "R1", "A", "K")
    assert codes(scan(at, "R1", "A", "K", session="T", actor=floor.BEN)) == ["serial_repeated"]
    confirm(at, "R1")
    assert codes(scan(at, "R1", "A", "K", session="T")) == ["serial_repeated"]
    assert verdicts(scan(at, "R2", "A")) == ["KNOWN_SERIAL"]


def test_scanned_elsewhere(at: Desk) -> None:
    """A unit in an open session of one receipt is known to every other: one receives it, never both (S18)."""
    scan(at, "R1", "x1")
    assert verdicts(scan(at, "R2", "x1")) == ["KNOWN_SERIAL"]


def test_confirm(at: Desk) -> None:
    """A confirmed session says its units as received, by line and place, and its other scans as discrepancies (S06)."""
    scan(at, "R1", "A", "x1", "K")
    scan(at, "R1", "T", sku="SCREW")
    outcome = confirm(at, "R1")
    received = [fact for fact in outcome.events if isinstance(fact, UnitReceived)]
    assert [(fact.line, fact.sku, fact.serials, fact.location) for fact in received] == [
        ("1", "PUMP", ["A", "x1"], "EAST/DOCK"),
        ("2", "SCREW", ["T"], "EAST/DOCK"),
    ]
    found = outcome.events[-1]
    assert isinstance(found, DiscrepancyFound)
    assert (found.kind, found.serials) == ("KNOWN_SERIAL", ["K"])
    assert counts(at, "R1") == (4, 2, 1, 0, 2)
    assert codes(confirm(at, "R1")) == ["session_ended"]
    assert codes(scan(at, "R1", "B")) == ["session_ended"]


def test_a_counted_session(at: Desk) -> None:
    """A confirmation that counts other scans than the session has is refused, so that none is missed (S16)."""
    scan(at, "R1", "A", "K")
    counted = {units: commands.ConfirmSession(receipt="R1", session="S", units=units) for units in (1, 2)}
    assert codes(say(at, counted[1])) == ["session_differs"]
    assert state(at, "A") == "SCANNED"
    assert told(say(at, counted[2])) == ["unit.received.v1", "discrepancy.found.v1"]


def test_a_long_session_is_cut() -> None:
    """No fact names more than 500 units."""
    at = floor.desk()
    announce(at, "R1", kind="BLIND")
    for part in range(3):
        scan(at, "R1", *(f"n{part}-{number}" for number in range(400)))
    assert [len(fact.serials) for fact in confirm(at, "R1").events if isinstance(fact, UnitReceived)] == [500, 500, 200]


def test_undo_and_drop_restore(at: Desk) -> None:
    """A scan taken back leaves an expected unit expected, and an unknown one free to be scanned anywhere."""
    scan(at, "R1", "A", "x1", "K")
    undone = say(at, commands.UndoScan(receipt="R1", session="S", sku="PUMP", serials=["A", "K", "nope"]))
    assert codes(undone) == ["serial_not_scanned"]
    assert (state(at, "A"), counts(at, "R1")) == ("EXPECTED", (4, 2, 1, 1, 0))
    say(at, commands.DropSession(receipt="R1", session="S"))
    assert (state(at, "x1"), counts(at, "R1")) == ("ABSENT", (4, 2, 0, 0, 0))
    assert not at.asides
    assert at.receipts["R1"].status == "PLANNED"
    assert verdicts(scan(at, "R1", "X1", session="U")) == ["ACCEPTED"]


def test_a_session_has_one_owner(at: Desk) -> None:
    """Another person's scan, confirmation or drop is refused until the session is taken over."""
    scan(at, "R1", "A")
    assert codes(scan(at, "R1", "B", actor=floor.BEN)) == ["session_of_another"]
    assert codes(confirm(at, "R1", actor=floor.BEN)) == ["session_of_another"]
    assert not codes(say(at, commands.TakeOverSession(receipt="R1", session="S"), floor.BEN))
    assert told(confirm(at, "R1", actor=floor.BEN)) == ["unit.received.v1"]
    assert codes(say(at, commands.TakeOverSession(receipt="R1", session="S"))) == ["session_ended"]
    assert codes(say(at, commands.DropSession(receipt="R1", session="T"))) == ["unknown_session"]


def test_scans_that_cannot_be(at: Desk) -> None:
    """An unknown receipt, product or place, a place of another warehouse or for storage, a counted product: refused."""
    assert codes(scan(at, "R9", "A")) == ["unknown_receipt"]
    assert codes(scan(at, "R1", "A", sku="NOPE")) == ["unknown_product"]
    assert codes(scan(at, "R1", "A", sku="SALT")) == ["not_serial_tracked"]
    assert codes(scan(at, "R1", "A", location="EAST/NOPE")) == ["unknown_location"]
    assert codes(scan(at, "R1", "A", location="WEST/DOCK")) == ["wrong_warehouse"]
    assert codes(scan(at, "R1", "A", location="EAST/A-1")) == ["wrong_location_type"]
    assert not at.sessions.get(("R1", "S"))


def test_barcode(at: Desk) -> None:
    """A barcode names the product that is scanned; an unknown one names none."""
    assert verdicts(scan(at, "R1", "A", sku=None, barcode="4006")) == ["ACCEPTED"]  # type: ignore[arg-type]
    assert codes(scan(at, "R1", "B", sku=None, barcode="9999")) == ["unknown_product"]  # type: ignore[arg-type]


def test_blind_and_opening(at: Desk) -> None:
    """A blind receipt takes whatever nobody knows, on lines of its own; opening stock may lie in storage already."""
    announce(at, "B1", kind="BLIND")
    assert verdicts(scan(at, "B1", "n1", "n2", "K")) == ["ACCEPTED", "ACCEPTED", "KNOWN_SERIAL"]
    assert counts(at, "B1", "+1") == (0, 0, 2, 2, 0)
    announce(at, "O1", kind="OPENING")
    assert verdicts(scan(at, "O1", "n3", location="EAST/A-1")) == ["ACCEPTED"]


def test_a_void_entry_opens_its_line(at: Desk) -> None:
    """A unit whose entry is void leaves its place on the line to another, and is known for ever (S18)."""
    scan(at, "R2", "E")
    confirm(at, "R2")
    domain.void(at, [floor.event(SerialAdjusted(sku="PUMP", serials=["E"], adjustment="VOID", reason="typed wrong"))])
    assert (state(at, "E"), counts(at, "R2")) == ("VOID", (1, 0, 0, 0, 0))
    assert verdicts(scan(at, "R2", "E7", "E", session="T")) == ["ACCEPTED", "KNOWN_SERIAL"]


def test_units_with_a_lot_and_an_expiry(at: Desk) -> None:
    """Units keep the lot and expiry of their label; one fact says those of one lot and expiry, set aside ones too."""
    scan(at, "R1", "A", "x1", lot="L/1", expiry="2027-01-31")
    scan(at, "R1", "B", lot="L/2", expiry="2027-01-31")
    scan(at, "R1", "x2", "x3")
    received = [fact for fact in confirm(at, "R1").events if isinstance(fact, UnitReceived)]
    assert [(fact.serials, fact.lot, str(fact.expiry)) for fact in received] == [
        (["A", "x1"], "L/1", "2027-01-31"),
        (["B"], "L/2", "2027-01-31"),
        (["x2"], None, "None"),
    ]
    scan(at, "R1", "u", session="T", lot="L/3", expiry="2027-02-28")
    confirm(at, "R1", "T")
    found = next(one for one in at.discrepancies.values() if one.serial == "u")
    wish = commands.ResolveDiscrepancy(
        receipt="R1", discrepancy=found.discrepancy, resolution="ACCEPT", reason="one too many, kept"
    )
    unit = say(at, wish).events[0]
    assert isinstance(unit, UnitReceived)
    assert (unit.serials, unit.lot, str(unit.expiry)) == (["u"], "L/3", "2027-02-28")


def test_units_that_expire_too_soon(at: Desk) -> None:
    """Expiry, life at receipt and the form of a lot number hold for units as for lots: refused, or held."""
    assert codes(scan(at, "R1", "A", expiry="2026-02-28")) == ["expired"]
    assert codes(scan(at, "R1", "A", lot=" L")) == ["lot_badly_formed"]
    at.lives = {"PUMP": LifePolicy(expiry_required=True, min_life_at_receipt=30)}
    assert codes(scan(at, "R1", "A")) == ["expiry_missing"]
    assert codes(scan(at, "R1", "A", expiry="2026-03-30")) == ["short_life"]
    at.lives = {"PUMP": LifePolicy(min_life_at_receipt=30, short_life="HOLD")}
    scan(at, "R1", "A", expiry="2026-03-30")
    scan(at, "R1", "B", expiry="2026-03-31")
    held, free = (fact for fact in confirm(at, "R1").events if isinstance(fact, UnitReceived))
    assert (held.serials, held.hold is not None) == (["A"], True)
    assert (free.serials, free.hold) == (["B"], None)
