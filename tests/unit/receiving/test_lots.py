"""Counted goods: the verdict on each lot, what a session keeps of it, and how it is received."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from services.receiving.receipts.domain import Desk, Outcome
from shared.contracts.commands import receiving as commands
from shared.contracts.receiving import DiscrepancyFound, StockReceived
from shared.contracts.upstream import LifePolicy
from tests.unit.receiving import floor
from tests.unit.receiving.floor import ANNA, BEN, announce, codes, confirm, count, line, lot, say, told, verdicts

SUE = "sue"


@pytest.fixture
def at() -> Desk:
    """R1 expects 100 of milk on two lines, 60 and 40, and 2.5 of salt. Today is the first of March 2026."""
    at = floor.desk()
    salt = line(number="3", sku="SALT", quantity=1) | {"quantity": "2.5"}
    announce(at, "R1", line(sku="MILK", quantity=60), line(number="2", sku="MILK", quantity=40), salt)
    return at


def scanned(at: Desk, number: str = "1", receipt: str = "R1") -> Any:
    """A line's scanned and received quantities."""
    row = at.lines[receipt, number]
    return row.scanned, row.received


def received(outcome: Outcome) -> list[Any]:
    """The lots received, by line."""
    facts = [fact for fact in outcome.events if isinstance(fact, StockReceived)]
    return [(fact.line, [(one.lot, one.quantity) for one in fact.lots]) for fact in facts]


def test_every_entry_has_its_own_verdict(at: Desk) -> None:
    """A bad entry is refused alone, with what is wrong; none of it stops the rest (S16, S23, S24)."""
    outcome = count(
        at, "R1", lot("A"), lot(""), lot("B", expiry=None), lot(" C"), lot("D", None), lot("E", expiry="2026-02-28"),
        lot("F", expiry="2026-03-05"), lot("G", expiry="2026-03-06"), lot("A"), lot("a"),
    )  # fmt: skip
    assert verdicts(outcome) == [
        "ACCEPTED", "LOT_MISSING", "EXPIRY_MISSING", "BADLY_FORMED", "QUANTITY_MISSING", "EXPIRED", "SHORT_LIFE",
        "ACCEPTED", "REPEATED", "ACCEPTED",
    ]  # fmt: skip
    assert set(codes(outcome)) == {
        "lot_missing", "expiry_missing", "lot_badly_formed", "quantity_missing", "expired", "short_life",
        "lot_repeated",
    }  # fmt: skip
    assert scanned(at) == (30, 0)


@pytest.mark.parametrize("number", ["0012", "AbC", "a/b-c", "LOT 7 b", "1.2E+13", "x" * 64])
def test_lot_numbers_are_kept_verbatim(at: Desk, number: str) -> None:
    """Zeros, case, slashes and inner spaces of a manufacturer's lot number stay as scanned (S25)."""
    count(at, "R1", lot(number))
    assert received(confirm(at, "R1")) == [("1", [(number, 10)])]


@pytest.mark.parametrize("number", ["x" * 65, "a\tb", "a\0b", "ä", "a ", "\n"])
def test_badly_formed(at: Desk, number: str) -> None:
    """What no label bears is refused, and the receipt has not arrived by it."""
    assert codes(count(at, "R1", lot(number))) == ["lot_badly_formed"]
    assert at.receipts["R1"].status == "PLANNED"


@pytest.mark.parametrize(
    "entry",
    [
        lot("A", 0), lot("A", -1), lot("A", 10**15), lot("A", "0.0000001"), lot("A", 1_000_001), lot("A", "NaN"),
        lot("A", expiry="1900-01-01"), lot("A", expiry="2027-02-31"), lot("A", expiry="27-02-28"),
        lot("A", expiry="2027-01-01", manufactured="2027-01-02"),
        lot("A", expiry="2027-02-28", manufactured="2027-01-02", best_before="2027-01-01"),
    ],
)  # fmt: skip
def test_quantities_and_dates_that_cannot_be(entry: dict[str, Any]) -> None:
    """No quantity but a positive one of at most six decimals and a million; no day that no calendar or label has."""
    with pytest.raises(ValidationError):
        count(floor.desk(), "R1", entry)


def test_501_lots_are_too_many() -> None:
    """A message names at most 500 lots."""
    assert count(floor.desk(), "R9", *(lot(f"{number}") for number in range(500))).refusals
    with pytest.raises(ValidationError):
        count(floor.desk(), "R9", *(lot(f"{number}") for number in range(501)))


def test_several_lots_on_several_lines(at: Desk) -> None:
    """Lots fill one line after the other; what is beyond is over, and a supervisor's to decide (S16, S23)."""
    outcome = count(at, "R1", lot("A", 50), lot("B", 30), lot("C", 30))
    assert verdicts(outcome) == ["ACCEPTED", "ACCEPTED", "OVER"]
    assert [(one.quantity, one.aside) for one in outcome.body.lots] == [(50, 0), (30, 0), (20, 10)]  # type: ignore[union-attr]
    done = confirm(at, "R1")
    assert received(done) == [("1", [("A", 50), ("B", 10)]), ("2", [("B", 20), ("C", 20)])]
    found = done.events[-1]
    assert isinstance(found, DiscrepancyFound)
    assert (str(found.kind), found.lot, int(found.quantity)) == ("OVER", "C", 10)


def resolve(at: Desk, resolution: str) -> Outcome:
    """Decide on the only discrepancy."""
    (found,) = at.discrepancies.values()
    named = {"receipt": "R1", "discrepancy": found.discrepancy, "resolution": resolution, "reason": "seen"}
    return say(at, commands.ResolveDiscrepancy.model_validate(named), SUE)


def test_too_much_is_accepted_or_sent_back(at: Desk) -> None:
    """What was over is received with its lot and dates once a supervisor accepts it, and no unit can be meant (S16)."""
    count(at, "R1", lot("A", 110))
    confirm(at, "R1")
    assert codes(resolve(at, "TIE")) == ["resolution_does_not_fit"]
    outcome = resolve(at, "ACCEPT")
    assert received(outcome) == [("1", [("A", 10)])]
    assert told(outcome) == ["stock.received.v1", "discrepancy.resolved.v1"]
    assert scanned(at) == (0, 70)
    assert codes(resolve(at, "VOID")) == ["discrepancy_resolved"]


@pytest.mark.parametrize("resolution", ["SEND_BACK", "VOID"])
def test_too_much_is_not_received(at: Desk, resolution: str) -> None:
    """Sent back or a wrong entry, nothing more of the lot is received."""
    count(at, "R1", lot("A", 110))
    confirm(at, "R1")
    assert told(resolve(at, resolution)) == ["discrepancy.resolved.v1"]
    assert (scanned(at), scanned(at, "2")) == ((0, 60), (0, 40))


def test_a_product_that_nobody_announced(at: Desk) -> None:
    """Counted goods that the receipt does not announce are set aside; accepted, they get a line of their own (S16)."""
    announce(at, "R2", line(sku="SALT", quantity=1))
    assert verdicts(count(at, "R2", lot("A", 3))) == ["UNEXPECTED"]
    confirm(at, "R2")
    (found,) = at.discrepancies.values()
    wish = commands.ResolveDiscrepancy(
        receipt="R2", discrepancy=found.discrepancy, resolution="ACCEPT", reason="ordered by phone"
    )
    assert received(say(at, wish, SUE)) == [("+1", [("A", 3)])]


def test_a_lot_number_of_another_product(at: Desk) -> None:
    """Two makers may use one lot number: a lot is of its product, and undone under that product alone."""
    at.trackings = {**at.trackings, "BUTTER": "LOT"}
    announce(at, "R1", line(number="4", sku="BUTTER", quantity=5))
    count(at, "R1", lot("A", 5))
    assert verdicts(count(at, "R1", lot("A", 5, "2027-01-01"), sku="BUTTER")) == ["ACCEPTED"]
    undone = say(at, commands.UndoScan(receipt="R1", session="S", sku="SALT", lots=["A"]))
    assert codes(undone) == ["lot_not_scanned"]
    say(at, commands.UndoScan(receipt="R1", session="S", sku="MILK", lots=["A"]))
    assert received(confirm(at, "R1")) == [("4", [("A", 5)])]


def test_other_dates_of_a_lot(at: Desk) -> None:
    """A lot has one set of dates on a receipt: others are refused in any session, none means the same ones."""
    count(at, "R1", lot("A", 5, manufactured="2026-01-01"))
    other = count(at, "R1", lot("A", 5, "2026-12-30"), session="T", actor=BEN)
    assert codes(other) == ["dates_differ"]
    assert verdicts(count(at, "R1", lot("A", 5, None))) == ["ACCEPTED"]
    confirm(at, "R1")
    assert codes(count(at, "R1", lot("A", 5, "2026-12-30"), session="T", actor=BEN)) == ["dates_differ"]
    (scan,) = at.lots.values()
    assert (int(scan.quantity), str(scan.manufactured), str(scan.expiry)) == (10, "2026-01-01", "2026-12-31")


def test_dates_of_two_scans_that_cannot_both_be(at: Desk) -> None:
    """A lot made after the day on which an earlier scan says that it expires is refused, as in one scan."""
    count(at, "R1", lot("A", 5))
    assert codes(count(at, "R1", lot("A", 5, None, manufactured="2027-01-01"))) == ["dates_differ"]


def test_untracked_goods(at: Desk) -> None:
    """An untracked product is counted without lot and dates, in exact decimals; a lot or date is refused (S01)."""
    assert codes(count(at, "R1", lot("A"), sku="SALT")) == ["lot_not_tracked"]
    assert codes(count(at, "R1", lot("", 1), sku="SALT")) == ["lot_not_tracked"]
    for _ in range(3):
        count(at, "R1", lot("", "0.1", None), sku="SALT")
    outcome = confirm(at, "R1")
    assert received(outcome) == [("3", [("", Decimal("0.3"))])]
    assert [fact.tracking for fact in outcome.events if isinstance(fact, StockReceived)] == ["NONE"]


def test_the_wrong_kind_of_scan(at: Desk) -> None:
    """Units are received by serial alone and counted goods by quantity alone: neither can be skipped (S02, S15)."""
    announce(at, "R1", line(number="4", quantity=2))
    assert codes(count(at, "R1", lot("A"), sku="PUMP")) == ["serials_missing"]
    assert codes(floor.scan(at, "R1", "A", sku="MILK")) == ["not_serial_tracked"]
    assert codes(confirm(at, "R1")) == ["unknown_session"]


def test_a_barcode_means_a_quantity(at: Desk) -> None:
    """Without a quantity one scan of a barcode means as much as the barcode says; a quantity given wins (S23)."""
    outcome = count(at, "R1", lot("A", None), lot("B", 3), sku=None, barcode="4007")
    assert [one.quantity for one in outcome.body.lots] == [12, 3]  # type: ignore[union-attr]


def test_short_life_may_be_held(at: Desk) -> None:
    """Where the policy says so, too old goods are taken in under a hold, one for the lot, and the rest free."""
    at.lives = {"MILK": LifePolicy(expiry_required=True, min_life_at_receipt=5, short_life="HOLD")}
    outcome = count(at, "R1", lot("A", 70, "2026-03-02"), lot("B", 5, "2026-02-01"), lot("C", 5))
    assert [(one.verdict, one.held) for one in outcome.body.lots] == [  # type: ignore[union-attr]
        ("ACCEPTED", True), ("ACCEPTED", True), ("ACCEPTED", False),
    ]  # fmt: skip
    lots = [one for fact in confirm(at, "R1").events if isinstance(fact, StockReceived) for one in fact.lots]
    holds = {one.lot: {other.hold for other in lots if other.lot == one.lot} for one in lots}
    assert (len(holds["A"]), len(holds["B"]), holds["C"]) == (1, 1, {None})
    assert None not in holds["A"] | holds["B"]
    assert holds["A"] != holds["B"]


def test_the_day_may_change_before_the_confirmation(at: Desk) -> None:
    """Goods good enough when they were scanned, and not when they are confirmed, are received under a hold."""
    count(at, "R1", lot("A", 5, "2026-03-06"))
    at.now += timedelta(days=1)
    (fact,) = confirm(at, "R1").events
    assert isinstance(fact, StockReceived)
    assert fact.lots[0].hold is not None


@pytest.mark.parametrize(("zone", "verdict"), [("Pacific/Kiritimati", "EXPIRED"), ("UTC", "ACCEPTED")])
def test_the_day_is_the_warehouses(zone: str, verdict: str) -> None:
    """Goods are good through their expiry date, by the clock of the warehouse."""
    at = floor.desk()
    at.lives, at.zones = {}, {"EAST": zone}
    at.now = at.now.replace(hour=12)
    announce(at, "B", kind="BLIND")
    outcome = count(at, "B", lot("A", 5, "2026-03-01"))
    assert (verdicts(outcome) if outcome.body else ["EXPIRED" for _ in codes(outcome)]) == [verdict]


def test_undo_and_drop(at: Desk) -> None:
    """A lot is taken back whole, what was set aside of it too; a dropped session leaves nothing."""
    count(at, "R1", lot("A", 90), lot("B", 5))
    count(at, "R1", lot("C", 5), session="T", actor=BEN)
    assert verdicts(count(at, "R1", lot("A", 20))) == ["OVER"]
    undone = say(at, commands.UndoScan(receipt="R1", session="S", sku="MILK", lots=["A", "C", "x"]))
    assert codes(undone) == ["lot_not_scanned"]
    assert undone.refusals[0].ids == ["C", "x"]
    assert {one.lot for one in at.lots.values()} == {"B", "C"}
    say(at, commands.DropSession(receipt="R1", session="S"))
    say(at, commands.TakeOverSession(receipt="R1", session="T"), ANNA)
    assert received(confirm(at, "R1", "T")) == [("2", [("C", 5)])]
    assert (scanned(at), scanned(at, "2")) == ((0, 0), (0, 5))


def test_a_counted_session(at: Desk) -> None:
    """A confirmation that counts another quantity than was scanned is refused, whatever was set aside (S16)."""
    count(at, "R1", lot("A", 110))
    wishes = {n: commands.ConfirmSession(receipt="R1", session="S", quantity=Decimal(n)) for n in (100, 110)}
    assert codes(say(at, wishes[100])) == ["session_differs"]
    assert told(say(at, wishes[110])) == ["stock.received.v1", "stock.received.v1", "discrepancy.found.v1"]


def test_blind_and_opening(at: Desk) -> None:
    """A blind receipt takes any quantity on a line of its own; opening stock may lie in storage already."""
    announce(at, "B1", kind="BLIND")
    assert verdicts(count(at, "B1", lot("A", 700_000))) == ["ACCEPTED"]
    assert codes(count(at, "B1", lot("A", 700_000))) == ["too_many_units"]
    assert received(confirm(at, "B1")) == [("+1", [("A", 700_000)])]
    announce(at, "O1", kind="OPENING")
    assert verdicts(count(at, "O1", lot("A", 5), location="EAST/A-1")) == ["ACCEPTED"]
    assert codes(count(at, "R1", lot("A", 5), location="EAST/A-1")) == ["wrong_location_type"]


def test_many_lots_are_cut(at: Desk) -> None:
    """No fact names more than 500 lots."""
    announce(at, "B1", kind="BLIND")
    for part in range(3):
        count(at, "B1", *(lot(f"{part}-{number}", 1) for number in range(400)))
    facts = [fact for fact in confirm(at, "B1").events if isinstance(fact, StockReceived)]
    assert [len(fact.lots) for fact in facts] == [500, 500, 200]
