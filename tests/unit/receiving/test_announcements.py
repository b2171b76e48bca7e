"""Announcements: parts, changes, cancellations, units known already, lines that wait for their product."""

from services.receiving.receipts import domain
from shared.contracts.receiving import ReceiptPlanned, ReceiptRejected, ReceiptWithdrawn
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import AsnCancelled, AsnChanged
from tests.unit.receiving import floor
from tests.unit.receiving.floor import announce, codes, counts, line, say, scan, state, told


def change(at: domain.Desk, receipt: str, **lines: object) -> domain.Outcome:
    """Change an announcement."""
    return say(at, AsnChanged.model_validate({"receipt": receipt, **lines}))


def cancel(at: domain.Desk, receipt: str) -> domain.Outcome:
    """Cancel an announcement."""
    return say(at, AsnCancelled(receipt=receipt))


def test_named_units_become_expected() -> None:
    """An ASN's named units are EXPECTED, each with a version, and told in one fact a line (S05)."""
    at = floor.desk()
    outcome = announce(at, "R1", line(["A", "B"], 3), line(number="2", sku="SALT", quantity=40))
    assert told(outcome) == ["receipt.planned.v1", "receipt.planned.v1"]
    planned = outcome.events[0]
    assert isinstance(planned, ReceiptPlanned)
    assert (planned.serials, planned.versions, int(planned.quantity)) == (["A", "B"], [1, 1], 3)
    assert state(at, "A") == "EXPECTED"
    assert counts(at, "R1") == (3, 2, 0, 0, 0)


def test_parts_add() -> None:
    """A further part adds its quantities, serials and lines to the receipt (S05)."""
    at = floor.desk()
    announce(at, "R1", line(["A"], 2))
    announce(at, "R1", line(["B"]), line(["C"], number="2"))
    assert counts(at, "R1") == (3, 2, 0, 0, 0)
    assert counts(at, "R1", "2") == (1, 1, 0, 0, 0)


def test_more_serials_than_units() -> None:
    """More serials than units are refused, and so is one serial twice, in a line or over two (S14)."""
    at = floor.desk()
    assert codes(announce(at, "R1", line(["A", "B"], 1))) == ["serial_count"]
    assert codes(announce(at, "R1", line(["A", "A"]))) == ["serial_repeated"]
    assert codes(announce(at, "R1", line(["A"]), line(["A"], number="2"))) == ["serial_repeated"]
    assert not at.receipts


def test_lines_that_cannot_be() -> None:
    """Half a serialised unit, serials of a counted product, a line of two products: each is refused whole."""
    at = floor.desk()
    half = line() | {"quantity": 1.5}
    assert codes(announce(at, "R1", half)) == ["not_whole"]
    assert codes(announce(at, "R1", line(["A"], sku="SALT"))) == ["not_serial_tracked"]
    assert codes(announce(at, "R1", line(["A"]), line(["B"], sku="SCREW"))) == ["line_of_another_product"]
    assert codes(announce(at, "R1", line(["A"], number="+1"))) == ["malformed"]


def test_a_known_unit_is_left_out_alone() -> None:
    """A unit that is here already is refused; the rest of its announcement stands (S18)."""
    at = floor.desk()
    announce(at, "R1", line(["A"]))
    scan(at, "R1", "A")
    floor.confirm(at, "R1")
    outcome = announce(at, "R2", line(["A", "B"]))
    assert codes(outcome) == ["serial_known"]
    assert outcome.refusals[0].ids == ["A"]
    assert outcome.events[0].model_dump()["serials"] == ["B"]
    assert counts(at, "R2") == (1, 1, 0, 0, 0)
    assert at.unit("PUMP", "A").receipt == "R1"


def test_a_newer_announcement_takes_over() -> None:
    """A unit announced again on another receipt is expected there; the first is told, and announces one fewer."""
    at = floor.desk()
    announce(at, "R1", line(["A", "B"]))
    outcome = announce(at, "R2", line(["A"]))
    withdrawn, planned = outcome.events
    assert isinstance(withdrawn, ReceiptWithdrawn)
    assert isinstance(planned, ReceiptPlanned)
    assert (withdrawn.receipt, withdrawn.reason, withdrawn.versions) == ("R1", "TAKEN_OVER", [2])
    assert (planned.receipt, planned.versions) == ("R2", [3])
    assert counts(at, "R1") == (1, 1, 0, 0, 0)


def test_announced_again_after_a_cancellation() -> None:
    """The units of a cancelled ASN may be announced on another, with higher versions."""
    at = floor.desk()
    announce(at, "R1", line(["A"], 2))
    assert told(cancel(at, "R1")) == ["receipt.withdrawn.v1", "receipt.withdrawn.v1", "receipt.closed.v1"]
    assert state(at, "A") == "ABSENT"
    assert told(announce(at, "R2", line(["A"]))) == ["receipt.planned.v1"]
    assert at.unit("PUMP", "A").version == 3


def test_a_cancellation_before_its_announcement() -> None:
    """A cancel that overtakes its ASN is remembered: the receipt is born cancelled and expects nothing."""
    at = floor.desk()
    assert not codes(cancel(at, "R1"))
    outcome = announce(at, "R1", line(["A"]))
    assert told(outcome) == ["receipt.closed.v1"]
    assert at.receipts["R1"].status == "CANCELLED"
    assert state(at, "A") == "ABSENT"
    assert codes(announce(at, "R1", line(["B"]))) == ["receipt_cancelled"]
    assert codes(scan(at, "R1", "A")) == ["receipt_cancelled"]


def test_changes_before_arrival() -> None:
    """Before arrival a change takes units and unnamed quantities out, and adds others."""
    at = floor.desk()
    announce(at, "R1", line(["A", "B"], 5))
    outcome = change(at, "R1", remove=[line(["A"], 2)], add=[line(["C"])])
    assert told(outcome) == ["receipt.withdrawn.v1", "receipt.withdrawn.v1", "receipt.planned.v1"]
    assert counts(at, "R1") == (4, 2, 0, 0, 0)
    assert (state(at, "A"), state(at, "C")) == ("ABSENT", "EXPECTED")


def test_changes_that_cannot_be() -> None:
    """More unnamed units than there are, an unknown line or receipt are refused; a strange unit is left out alone."""
    at = floor.desk()
    announce(at, "R1", line(["A"], 2))
    assert codes(change(at, "R1", remove=[line(quantity=2)])) == ["below_named"]
    assert codes(change(at, "R1", remove=[line(["A"], number="9")])) == ["unknown_line"]
    assert codes(change(at, "R9", remove=[line(["A"])])) == ["unknown_receipt"]
    assert codes(change(at, "R1", remove=[line(["Z", "A"])])) == ["serial_unexpected"]
    assert counts(at, "R1") == (1, 0, 0, 0, 0)


def test_after_arrival() -> None:
    """Once scanning has begun, a change or cancellation is refused; a late part is still added."""
    at = floor.desk()
    announce(at, "R1", line(["A"]))
    scan(at, "R1", "A")
    assert codes(cancel(at, "R1")) == ["receipt_arrived"]
    assert codes(change(at, "R1", add=[line(["B"])])) == ["receipt_arrived"]
    assert told(announce(at, "R1", line(["B"]))) == ["receipt.planned.v1"]


def test_a_name_that_comes_after_its_scan() -> None:
    """A unit scanned as one of the unnamed, whose name a late part brings, leaves its place to another unit."""
    at = floor.desk()
    announce(at, "R1", line(quantity=1))
    scan(at, "R1", "A")
    assert counts(at, "R1") == (1, 0, 1, 1, 0)
    outcome = announce(at, "R1", line(["A"]))
    assert told(outcome) == ["receipt.planned.v1"]
    assert counts(at, "R1") == (2, 1, 0, 1, 0)
    assert floor.verdicts(scan(at, "R1", "B")) == ["ACCEPTED"]


def test_a_line_waits_for_its_product() -> None:
    """A line that comes before its product waits, and is planned when the product is defined."""
    at = floor.desk()
    assert told(announce(at, "R1", line(["A"], 3, sku="NEW"))) == []
    defined = floor.event(ProductChanged(sku="NEW", version=1, name="", unit="each", tracking="SERIAL"))
    said = domain.wake(at, [defined])
    assert [(fact.model_dump()["serials"], int(fact.model_dump()["quantity"])) for fact in said] == [
        (["A"], 1),
        ([], 2),
    ]
    assert not at.lines["R1", "1"].waiting
    assert domain.wake(at, [defined]) == []


def test_a_waiting_line_of_a_counted_product() -> None:
    """Serials announced of a product that turns out to be counted do not fit; its quantity is planned."""
    at = floor.desk()
    announce(at, "R1", line(["A"], 3, sku="NEW"))
    defined = floor.event(ProductChanged(sku="NEW", version=1, name="", unit="each", tracking="NONE"))
    rejected, planned = domain.wake(at, [defined])
    assert isinstance(rejected, ReceiptRejected)
    assert isinstance(planned, ReceiptPlanned)
    assert (rejected.kind, rejected.ids) == ("DISAGREEMENT", ["A"])
    assert (planned.serials, int(planned.quantity)) == ([], 3)
    assert state(at, "A", "NEW") == "ABSENT"


def test_cancelled_while_it_waits() -> None:
    """Of a line that waits nothing was told, so nothing is withdrawn, and its product wakes nothing."""
    at = floor.desk()
    announce(at, "R1", line(["A"], sku="NEW"))
    assert told(cancel(at, "R1")) == ["receipt.closed.v1"]
    defined = floor.event(ProductChanged(sku="NEW", version=1, name="", unit="each", tracking="SERIAL"))
    assert domain.wake(at, [defined]) == []


def test_another_document_of_the_same_name() -> None:
    """A part for another warehouse or of another kind is refused; a blind receipt needs a known warehouse."""
    at = floor.desk()
    announce(at, "R1", line(["A"]))
    assert codes(announce(at, "R1", line(["B"]), warehouse="WEST")) == ["wrong_warehouse"]
    assert codes(announce(at, "R1", kind="BLIND")) == ["document_exists"]
    assert codes(announce(at, "R2", kind="BLIND", warehouse="WEST")) == ["unknown_warehouse"]
    assert not codes(announce(at, "R3", line(["C"]), warehouse="WEST"))


def test_a_line_announces_at_most_a_million_in_all_its_parts() -> None:
    """More than one fact could withdraw is refused, in one message or over several; what stands can be cancelled."""
    at = floor.desk()
    assert codes(announce(at, "R1", line(quantity=600_000), line(quantity=600_000))) == ["too_many_units"]
    announce(at, "R1", line(quantity=600_000))
    assert codes(announce(at, "R1", line(quantity=600_000))) == ["too_many_units"]
    announce(at, "R1", line(quantity=400_000))
    assert told(cancel(at, "R1")) == ["receipt.withdrawn.v1", "receipt.closed.v1"]
