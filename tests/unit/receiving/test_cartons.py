"""Receipt by the SSCC of cartons and pallets."""

from typing import Any

import pytest

from shared.contracts.receiving import ReceiptLotsReceived, ReceiptSerialsReceived
from shared.contracts.upstream import AsnCancelled
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.support.sscc import sscc_of
from tests.unit.receiving.carton_steps import (
    allow_cartons,
    allow_supplier,
    carton,
    packed,
    scan_cartons,
    statuses,
    undo_cartons,
)
from tests.unit.receiving.steps import (
    amend_receipt,
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    line_counts,
    scan_serials,
    unit_status,
)

MILK = asn_line(number="2", sku="MILK", quantity=10) | {"lots": [{"lot": "L1", "quantity": 10, "expiry": "2026-12-31"}]}


@pytest.fixture
def service() -> InMemoryReceiving:
    """A service whose receipt R1 expects pallet 9 with cartons 1 (A, B) and 2 (C, 4 of milk), and 6 of milk loose."""
    service = InMemoryReceiving()
    announced = announce_receipt(
        service, "R1", asn_line(quantity=3), MILK, supplier="ACME",
        cartons=[
            carton(1, packed("A", "B"), pallet=9),
            carton(2, packed("C"), packed(line="2", lot="L1", quantity=4), pallet=9),
        ],
    )  # fmt: skip
    assert not announced.violations
    return service


def test_serials_in_cartons_need_not_be_repeated(service: InMemoryReceiving) -> None:
    """Serial numbers listed in cartons are those of their line (S13)."""
    assert [unit.serial for unit in service.uow.expected_units("R1")] == ["A", "B", "C"]
    assert line_counts(service, "R1")[:2] == (3, 3)


def test_units_are_scanned_one_by_one_by_default(service: InMemoryReceiving) -> None:
    """Without opt-in, the scan of a carton says what it should contain and receives nothing (S13, S15)."""
    result = scan_cartons(service, "R1", 2)
    assert error_codes(result) == ["carton_receipt_not_allowed"]
    assert "4 of MILK, 1 of PUMP" in result.violations[0].detail
    assert "supplier ACME" in result.violations[0].detail
    assert unit_status(service, "C") == "EXPECTED"
    assert ("R1", "S") not in service.uow.sessions


@pytest.mark.parametrize("spelling", ["{}", "(00){}", "]C100{}", "https://id.gs1.org/00/{}", "00{}"])
def test_one_scan_receives_a_whole_carton(service: InMemoryReceiving, spelling: str) -> None:
    """With opt-in of its supplier, a carton is received by one scan, and events say from which SSCC (S13, S16)."""
    allow_supplier(service, "ACME")
    result = scan_cartons(service, "R1", spelling.format(sscc_of(2)))
    assert statuses(result) == [("C", "ACCEPTED"), ("L1", "ACCEPTED")]
    assert service.uow.get_unit("PUMP", "C").inferred_from == sscc_of(2)
    received = confirm_session(service, "R1").events
    (units,) = (event for event in received if isinstance(event, ReceiptSerialsReceived))
    (lots,) = (event for event in received if isinstance(event, ReceiptLotsReceived))
    assert (units.serials, units.inferred_from) == (["C"], sscc_of(2))
    assert [(lot.lot, int(lot.quantity)) for lot in lots.lots] == [("L1", 4)]
    assert lots.inferred_from == sscc_of(2)


def test_opt_in_of_a_product_covers_its_units_only(service: InMemoryReceiving) -> None:
    """Goods of a product without opt-in stay to be scanned; the result names them (S15)."""
    allow_cartons(service, "MILK")
    result = scan_cartons(service, "R1", 2)
    assert statuses(result) == [("L1", "ACCEPTED")]
    assert [(violation.code, violation.ids) for violation in result.violations] == [
        ("carton_receipt_not_allowed", ["PUMP"])
    ]


def test_a_pallet_is_all_its_cartons(service: InMemoryReceiving) -> None:
    """The scan of a pallet scans its cartons, each unit inferred from its own carton (S13)."""
    allow_cartons(service, "PUMP", "MILK")
    assert dict(statuses(scan_cartons(service, "R1", 9))) == dict.fromkeys(["A", "B", "C", "L1"], "ACCEPTED")
    assert service.uow.get_unit("PUMP", "A").inferred_from == sscc_of(1)


def test_each_unit_has_its_result(service: InMemoryReceiving) -> None:
    """A unit scanned before is a duplicate, the other units of the carton are accepted; so is a carton twice (S16)."""
    allow_cartons(service, "PUMP", "MILK")
    scan_serials(service, "R1", "A")
    result = scan_cartons(service, "R1", 1)
    assert statuses(result) == [("A", "DUPLICATE_IN_RECEIPT"), ("B", "ACCEPTED")]
    assert service.uow.get_unit("PUMP", "A").inferred_from is None
    confirm_session(service, "R1")
    again = scan_cartons(service, "R1", 1, session="S2")
    assert again.is_rejected
    assert again.violations[0].ids == ["A", "B"]


def test_lots_of_a_carton_are_received_once(service: InMemoryReceiving) -> None:
    """The lots of a carton are not scanned twice, whatever is scanned of the same lot beside it (S16, S23)."""
    allow_cartons(service, "PUMP", "MILK")
    scan_cartons(service, "R1", 2)
    assert scan_cartons(service, "R1", 2).is_rejected
    again = error_codes(scan_cartons(service, "R1", 9, 2))
    assert sorted(again) == ["duplicate_lot_in_request", "duplicate_serial_in_request"]
    assert line_counts(service, "R1", "2")[3] == 4


def test_a_scan_of_the_sscc_undoes_it(service: InMemoryReceiving) -> None:
    """The SSCC of a carton or pallet removes what it scanned from the session, and nothing else (S13, S14)."""
    allow_cartons(service, "PUMP", "MILK")
    scan_serials(service, "R1", "A")
    scan_cartons(service, "R1", 9)
    assert undo_cartons(service, "R1", 2).body is not None
    assert [unit_status(service, serial) for serial in "ABC"] == ["SCANNED", "SCANNED", "EXPECTED"]
    assert line_counts(service, "R1", "2")[3] == 0
    assert error_codes(undo_cartons(service, "R1", 2)) == ["carton_not_scanned"]
    partly = undo_cartons(service, "R1", 9, 7)
    assert error_codes(partly) == ["carton_not_scanned"]
    assert [unit_status(service, serial) for serial in "ABC"] == ["SCANNED", "EXPECTED", "EXPECTED"]
    assert line_counts(service, "R1")[3] == 1
    assert dict(statuses(scan_cartons(service, "R1", 9)))["C"] == "ACCEPTED"


@pytest.mark.parametrize(
    ("cartons", "code"),
    [
        ([{"sscc": "340123450000000019", "content": []}], "invalid_sscc"),
        ([carton(1), carton(1)], "duplicate_carton"),
        ([carton(1, pallet=1)], "carton_nesting"),
        ([carton(1, pallet=2), carton(2, pallet=3)], "carton_nesting"),
        ([carton(1, pallet=2), carton(2, pallet=1)], "carton_nesting"),
        ([carton(1, packed("A")), carton(2, packed("A"))], "duplicate_serial_in_request"),
        ([carton(1, packed("A", "B"), packed(quantity=2))], "carton_exceeds_line"),
        ([carton(1, packed("A", line="7"))], "line_not_found"),
        ([carton(1, packed(quantity="0.5"))], "quantity_precision"),
        ([carton(1, packed(line="3", quantity=1, lot="L1"))], "not_lot_tracked"),
    ],
)
def test_cartons_are_checked(cartons: list[dict[str, Any]], code: str) -> None:
    """An ASN with contradicting cartons is rejected: check digit, twice, nested, more than its lines (S16)."""
    salt = asn_line(number="3", sku="SALT", quantity=5)
    result = announce_receipt(InMemoryReceiving(), "R1", asn_line(quantity=3), salt, cartons=cartons)
    assert (result.is_rejected, error_codes(result)) == (True, [code])


def test_a_carton_may_span_parts() -> None:
    """A carton with more units than a message holds is announced by several parts, on one pallet (S05)."""
    service = InMemoryReceiving()
    allow_cartons(service, "PUMP")
    announce_receipt(service, "R1", asn_line(quantity=1), part=1, parts=2, cartons=[carton(1, packed("A"), pallet=9)])
    other_pallet = [carton(1, packed("B"), pallet=8)]
    rejected = announce_receipt(service, "R1", asn_line(quantity=1), part=2, parts=2, cartons=other_pallet)
    assert error_codes(rejected) == ["carton_nesting"]
    announce_receipt(service, "R1", asn_line(quantity=1), part=2, parts=2, cartons=[carton(1, packed("B"), pallet=9)])
    assert statuses(scan_cartons(service, "R1", 1)) == [("A", "ACCEPTED"), ("B", "ACCEPTED")]


def test_a_part_sent_again_replaces_its_cartons(service: InMemoryReceiving) -> None:
    """A part without cartons withdraws those that it named before (S05)."""
    allow_cartons(service, "PUMP", "MILK")
    announce_receipt(service, "R1", asn_line(["A", "B", "C"]), MILK, cartons=[carton(3, packed("A"))])
    assert error_codes(scan_cartons(service, "R1", 1)) == ["carton_not_found"]
    assert statuses(scan_cartons(service, "R1", 3)) == [("A", "ACCEPTED")]


def test_an_amendment_keeps_cartons_and_lines_consistent(service: InMemoryReceiving) -> None:
    """Withdrawn serials leave their carton; an amendment below the content of the cartons is rejected (S05)."""
    allow_cartons(service, "PUMP", "MILK")
    assert not amend_receipt(service, "R1", asn_line(["A", "C"])).violations
    assert statuses(scan_cartons(service, "R1", 1)) == [("A", "ACCEPTED")]
    other = announce_receipt(service, "R3", asn_line(quantity=4), cartons=[carton(5, packed(quantity=4))])
    assert not other.violations
    assert error_codes(amend_receipt(service, "R3", asn_line(quantity=3))) == ["carton_exceeds_line"]


def test_cartons_of_a_cancelled_asn_are_not_received(service: InMemoryReceiving) -> None:
    """A carton of a cancelled receipt is refused; a later ASN may announce it (S05)."""
    allow_cartons(service, "PUMP", "MILK")
    service.handle_command(AsnCancelled(receipt="R1"))
    assert error_codes(scan_cartons(service, "R1", 1)) == ["receipt_cancelled"]
    announce_receipt(service, "R2", asn_line(quantity=2), cartons=[carton(1, packed("A", "B"))])
    assert statuses(scan_cartons(service, "R2", 1)) == [("A", "ACCEPTED"), ("B", "ACCEPTED")]


def test_the_same_cartons_on_an_ended_receipt_change_nothing(service: InMemoryReceiving) -> None:
    """A part sent again after the end is accepted if it says the same about its cartons, otherwise not (S05)."""
    cartons = [carton(1, packed("A", "B"))]
    announce_receipt(service, "R4", asn_line(quantity=2), cartons=cartons)
    service.handle_command(AsnCancelled(receipt="R4"))
    assert not announce_receipt(service, "R4", asn_line(quantity=2), cartons=cartons).violations
    other = announce_receipt(service, "R4", asn_line(["A", "B"]), cartons=[carton(2, packed("A", "B"))])
    assert error_codes(other) == ["receipt_cancelled"]


def test_the_latest_asn_takes_the_carton(service: InMemoryReceiving) -> None:
    """A carton that another open receipt announces belongs to the latest ASN, as its units do (S05)."""
    allow_cartons(service, "PUMP", "MILK")
    announce_receipt(service, "R2", asn_line(quantity=2), cartons=[carton(1, packed("A", "B"))])
    result = scan_cartons(service, "R1", 1)
    assert error_codes(result) == ["carton_on_other_receipt"]
    assert result.violations[0].blocked_by == ["/receipts/R2"]
    assert dict(statuses(scan_cartons(service, "R1", 9))) == {"C": "ACCEPTED", "L1": "ACCEPTED"}


def test_units_that_are_no_longer_expected_are_not_inferred(service: InMemoryReceiving) -> None:
    """Units of a carton that another receipt took over must be scanned; nobody has seen them (S15, S16)."""
    allow_cartons(service, "PUMP", "MILK")
    announce_receipt(service, "R2", asn_line(["B"]))
    result = scan_cartons(service, "R1", 1)
    assert statuses(result) == [("A", "ACCEPTED")]
    assert [(violation.code, violation.ids) for violation in result.violations] == [("serial_unexpected", ["B"])]


def test_unknown_content_is_said() -> None:
    """A carton without announced content, or without serial numbers of its units, must be unpacked (S15)."""
    service = InMemoryReceiving()
    allow_cartons(service, "PUMP")
    announce_receipt(service, "R1", asn_line(quantity=5), cartons=[carton(1), carton(2, packed("A", quantity=3))])
    assert error_codes(scan_cartons(service, "R1", 1)) == ["carton_content_unknown"]
    partly = scan_cartons(service, "R1", 2)
    assert (statuses(partly), error_codes(partly)) == ([("A", "ACCEPTED")], ["carton_content_unknown"])
