"""Raw scans in the commands of serials: what they fill, contradict and leave in the audit trail."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.commands.fulfillment import UnitSelector
from shared.contracts.commands.serials import (
    AdjustSerials,
    CorrectSerialExpiry,
    CorrectSerialLot,
    CountSerials,
    MoveSerials,
    PlaceSerialHold,
    PutAwaySerials,
    ResolveCountDiscrepancies,
)
from shared.contracts.envelope import Message
from shared.contracts.serials import SerialHoldPlaced, SerialsChanged
from shared.inventory.scan_meanings import KnownName
from tests.support.in_memory.serials import InMemorySerials
from tests.support.messages.serials import SHELF, receive, request_allocation, serial_numbers

GTIN, OTHER = "09521234543213", "00012345678905"
EXPIRY = date(2027, 3, 31)
BASE: dict[type[Message], dict[str, Any]] = {
    PutAwaySerials: {"location": SHELF},
    MoveSerials: {"location": "EAST/STAGE"},
    AdjustSerials: {"adjustment": "SCRAPPED", "reason": "dented"},
    PlaceSerialHold: {"hold_id": "H-1", "reason": "suspicion"},
    CorrectSerialExpiry: {"expiry": "2027-03-31", "reason": "label misread"},
    CorrectSerialLot: {"lot": "L-1", "reason": "label misread"},
}


def label(serial: str, lot: str = "L-1", expiry: str = "270331", gtin: str = GTIN) -> str:
    """The label of a unit."""
    return f"]d201{gtin}17{expiry}10{lot}\x1d21{serial}"


def scanned(command: type[Message], *scans: str, **fields: Any) -> Any:
    """A command with raw scans."""
    return command.model_validate({**BASE.get(command, {}), "scans": list(scans), **fields})


def received(command: type[Message] | None = None) -> InMemorySerials:
    """Four units of lot L-1 at the dock; before a correction they have wrong data."""
    service = InMemorySerials()
    service.barcodes = [KnownName("BARCODE", GTIN, "A-1", 1), KnownName("BARCODE", OTHER, "A-2", 1)]
    books: dict[str, Any] = {"lot": "L-1", "expiry": EXPIRY}
    books |= {"expiry": date(2027, 1, 1)} if command is CorrectSerialExpiry else {}
    books |= {"lot": "L-7"} if command is CorrectSerialLot else {}
    service.handle(receive(serial_numbers(4), **books))
    return service


def units(service: InMemorySerials) -> list[Any]:
    """The state of the units."""
    names = ("serial", "status", "location", "version", "lot", "expiry", "adjustment", "open_hold_count")
    return [tuple(getattr(unit, name) for name in names) for unit in service.units]


@settings(max_examples=25)
@given(
    command=st.sampled_from(list(BASE)),
    scans=st.lists(st.tuples(st.sampled_from(serial_numbers(6)), st.booleans()), min_size=1, unique_by=lambda s: s[0]),
)
def test_scans_do_what_typed_serial_numbers_do(command: type[Message], scans: list[tuple[str, bool]]) -> None:
    """S13, S14: labels and plain scans have the effect of typed serial numbers, and stay in the audit as sent."""
    by_hand, by_scan = received(command), received(command)
    texts = {serial: label(serial) if has_label else serial for serial, has_label in scans}
    serials = [serial for serial, _ in scans]
    [typed] = by_hand.handle(command.model_validate({**BASE[command], "sku": "A-1", "serials": serials}))
    [result] = by_scan.handle(scanned(command, *texts.values(), sku="A-1"))
    assert (result.body, result.violations) == (typed.body, typed.violations)
    assert units(by_scan) == units(by_hand)
    kept = {entry.unit.serial: entry.scan for entry in by_scan.audit[4:]}
    assert kept == {serial: texts[serial] for serial in kept}
    assert {entry.scan for entry in by_hand.audit} == {None}
    for event in by_scan.events_of(SerialsChanged)[1:]:
        assert event.scans == [texts[serial] for serial in event.serials]
    assert {event.scans for event in by_hand.events_of(SerialsChanged)} == {None}


@pytest.mark.parametrize("command", list(BASE), ids=lambda command: command.__name__)
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (label("SN-2", gtin=OTHER), "wrong_product"),
        (label("SN-2", lot="L-9"), "label_mismatch"),
        (label("SN-2", expiry="270401"), "label_mismatch"),
        (f"01{GTIN}10L-1", "serials_required"),
        ("SN-1,SN-2", "unreadable_scan"),
    ],
)
def test_what_a_scan_contradicts_is_rejected_by_its_name(command: type[Message], text: str, code: str) -> None:
    """S15, S16, S20: a label without serial number, or of another product, lot or expiry, rejects this scan alone."""
    if command in {CorrectSerialLot, PlaceSerialHold} and text == label("SN-2", expiry="270401"):
        return  # the expiry is corrected after the lot; goods with a wrong date are held all the same
    service = received(command)
    [result] = service.handle(scanned(command, label("SN-1"), text, label("SN-3"), sku="A-1"))
    assert [(str(problem.code), problem.ids) for problem in result.violations] == [(code, [text])]
    assert [unit.serial for unit in result.body.updated] == ["SN-1", "SN-3"]  # type: ignore[union-attr]
    assert {entry.unit.serial for entry in service.audit[4:]} == {"SN-1", "SN-3"}


def test_the_labels_say_the_correction() -> None:
    """S23, S24: a correction without lot or expiry takes those on the labels, which must agree."""
    service = received(CorrectSerialLot)
    fields = {"sku": "A-1", "reason": "label misread"}
    texts = [label("SN-1", "L-2"), label("SN-2", "l-2"), label("SN-3", "L-3"), f"01{GTIN}21SN-4"]
    [result] = service.handle(CorrectSerialLot.model_validate(fields | {"scans": texts}))
    assert [problem.ids for problem in result.violations] == [[texts[2]]]
    assert [unit.lot for unit in service.units] == ["L-2", "L-2", "L-7", "L-2"]
    texts = [label("SN-1", "L-2", "270501"), f"01{GTIN}21SN-4"]
    [result] = service.handle(CorrectSerialExpiry.model_validate(fields | {"scans": texts}))
    assert [(str(problem.code), problem.ids) for problem in result.violations] == [("expiry_required", [texts[1]])]
    assert service.uow.get_unit("A-1", "SN-1").expiry == date(2027, 5, 1)
    assert service.uow.get_unit("A-1", "SN-4").expiry == EXPIRY
    [result] = service.handle(CorrectSerialLot.model_validate(fields | {"scans": ["SN-1"]}))
    assert [str(problem.code) for problem in result.violations] == ["lot_required"]


def test_a_label_without_serial_number_holds_its_lot() -> None:
    """S13, S23: labels of a lot hold all its units like its number; units and a lot are two holds."""
    by_hand, by_scan = received(), received()
    text, case = f"01{GTIN}1727033110L-1", f"01{GTIN}10l-1"
    fields = {"hold_id": "H-1", "reason": "suspicion"}
    [typed] = by_hand.handle(PlaceSerialHold.model_validate(fields | {"sku": "A-1", "lot": "L-1"}))
    [result] = by_scan.handle(scanned(PlaceSerialHold, text, case))
    assert not result.violations
    assert result.body == typed.body
    assert units(by_scan) == units(by_hand)
    assert [event.scan for event in by_scan.events_of(SerialHoldPlaced) if event.lots] == [f"{text}\n{case}"]
    assert {entry.scan for entry in by_scan.audit} == {None}
    [mixed] = by_scan.handle(scanned(PlaceSerialHold, text, label("SN-1"), hold_id="H-2"))
    assert [(str(problem.code), problem.ids) for problem in mixed.violations] == [("serials_required", [text])]
    [other] = by_scan.handle(scanned(PlaceSerialHold, text, f"01{GTIN}10L-2", hold_id="H-3"))
    assert [(str(problem.code), problem.ids) for problem in other.violations] == [
        ("label_mismatch", [f"01{GTIN}10L-2"])
    ]


def test_a_serial_number_alone_names_its_unit() -> None:
    """S13: a plain serial number that one product has needs no product; of several products it is ambiguous."""
    service = received()
    [result] = service.handle(scanned(PutAwaySerials, "SN-1"))
    assert not result.violations
    service.barcodes.append(KnownName("SERIAL", "SN-2", "A-2"))
    [result] = service.handle(scanned(PutAwaySerials, "SN-2", "SN-3"))
    assert [str(problem.code) for problem in result.violations] == ["ambiguous_scan"]
    assert [service.status(serial) for serial in serial_numbers(4)] == [
        "IN_INVENTORY", "RECEIVED", "IN_INVENTORY", "RECEIVED",
    ]  # fmt: skip


def test_a_label_scanned_twice_is_one_label_not_scanned() -> None:
    """S14: two scans of one unit reject the command, as a serial number given twice does."""
    service = received()
    [result] = service.handle(scanned(PutAwaySerials, label("SN-1"), "SN-1"))
    assert [str(problem.code) for problem in result.violations] == ["duplicate_serial_in_request"]


def test_counts_take_scans_of_several_products() -> None:
    """S36: a scanned count finds what the typed one finds, and keeps each scan; one wrong scan rejects its part."""
    by_hand, by_scan = received(), received()
    for service in (by_hand, by_scan):
        service.handle(PutAwaySerials(sku="A-1", serials=["SN-1", "SN-2"], location=SHELF))
    fields = {"count_id": "CT-1", "location": SHELF, "reason": "cycle count"}
    counted = [UnitSelector(sku="A-1", serial="SN-2"), UnitSelector(sku="A-2", serial="X-1")]
    texts = [label("SN-2"), f"01{OTHER}21X-1"]
    [typed] = by_hand.handle(CountSerials.model_validate(fields | {"units": counted}))
    [wrong] = by_scan.handle(scanned(CountSerials, *texts, label("SN-1", "L-9"), **fields))
    assert [(str(problem.code), problem.ids) for problem in wrong.violations] == [
        ("label_mismatch", [label("SN-1", "L-9")])
    ]
    [result] = by_scan.handle(scanned(CountSerials, *texts, **fields))
    assert result.body == typed.body
    assert [unit.scan for unit in by_scan.uow.counted_units] == texts
    found = [(entry.kind, entry.sku, entry.serial) for entry in by_scan.open_discrepancies(SHELF)]
    assert found == [("MISSING", "A-1", "SN-1"), ("UNEXPECTED", "A-2", "X-1")]
    [resolved] = by_scan.handle(
        scanned(ResolveCountDiscrepancies, label("SN-1"), location=SHELF, resolution="LOST", reason="looked there")
    )
    assert not resolved.violations
    assert by_scan.audit[-1].scan == label("SN-1")


def test_allocations_that_follow_name_no_scan() -> None:
    """S22: a scan stays with the change of the unit that it named, not with what follows from it."""
    service = received()
    service.handle(request_allocation("D1", 1))
    service.handle(scanned(PutAwaySerials, label("SN-1")))
    changes = [(service.change_of(entry), entry.scan) for entry in service.audit[4:]]
    assert changes == [("PUT_AWAY", label("SN-1")), ("ALLOCATED", None)]
