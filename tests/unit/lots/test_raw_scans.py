"""Raw scans in the commands of lots: what they fill, contradict and leave in the records."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.commands.lot_corrections import CorrectLotDates, CorrectLotNumber
from shared.contracts.commands.lots import AdjustLot, CountLot, MoveLot, PlaceLotHold, PutAwayLot
from shared.contracts.envelope import Message
from shared.contracts.lot_balances import LotAdjusted, LotCounted
from shared.contracts.lot_corrections import LotDatesCorrected, LotNumberCorrected
from shared.contracts.lots import LotHoldPlaced, LotMoved, LotReceived
from shared.inventory.scan_meanings import KnownName
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lots import BIN, DOCK, SHELF, ProductMessages

messages = ProductMessages()
GTIN, CASE, OTHER = "09521234543213", "19521234543210", "00012345678905"
BASE: dict[type[Message], dict[str, Any]] = {
    PutAwayLot: {"from_location": DOCK, "location": BIN},
    MoveLot: {"from_location": SHELF, "location": BIN},
    AdjustLot: {"location": SHELF, "adjustment": "LOST", "reason": "gone"},
    CountLot: {"location": SHELF, "reason": "stocktaking"},
    PlaceLotHold: {"hold_id": "H-1", "reason": "suspicion"},
    CorrectLotDates: {"reason": "label misread"},
    CorrectLotNumber: {"from_lot": "B-1", "location": SHELF, "reason": "label misread"},
}


def label(lot: str = "B-1", expiry: str = "270331", gtin: str = GTIN) -> str:
    """The label of an item or a case of a lot."""
    return f"]d201{gtin}17{expiry}10{lot}"


def scanned(command: type[Message], *scans: str, **fields: Any) -> Any:
    """A command with raw scans."""
    return command.model_validate({**BASE[command], "scans": list(scans), **fields})


def stocked_lots() -> InMemoryLots:
    """Forty of lot B-1, half of them on the shelf; a product with an item, a case of 12, and another product."""
    service = InMemoryLots({"A-1": "LOT", "A-2": "LOT"})
    service.barcodes = [
        KnownName("BARCODE", GTIN, "A-1", 1), KnownName("BARCODE", CASE, "A-1", 12),
        KnownName("BARCODE", OTHER, "A-2", 1),
    ]  # fmt: skip
    service.handle(messages.receive(messages.received_lot("B-1", 40)))
    service.handle(messages.put_away("B-1", 20))
    return service


TYPED: dict[type[Message], dict[str, Any]] = {
    PutAwayLot: {"quantity": 13},
    MoveLot: {"quantity": 13},
    AdjustLot: {"quantity": 13},
    CountLot: {"counted": 13},
    PlaceLotHold: {},
    CorrectLotDates: {"lot": "B-1", "expiry": "2027-08-31"},
    CorrectLotNumber: {"lot": "B-2", "expiry": "2027-08-31"},
}
LABEL: dict[type[Message], tuple[str, str]] = {CorrectLotDates: ("B-1", "270831"), CorrectLotNumber: ("B-2", "270831")}
EVENTS: dict[type[Message], type[Message]] = {
    PutAwayLot: LotMoved, MoveLot: LotMoved, AdjustLot: LotAdjusted, CountLot: LotCounted, PlaceLotHold: LotHoldPlaced,
    CorrectLotDates: LotDatesCorrected, CorrectLotNumber: LotNumberCorrected,
}  # fmt: skip


def state(service: InMemoryLots) -> tuple[Any, ...]:
    """The stock, holds and counts of a service, without raw scans."""
    return (
        sorted((row.lot, row.location, row.on_hand, row.expiry) for row in service.uow.balances if row.on_hand),
        [(hold.hold_id, hold.lot) for hold in service.open_holds()],
        [count._replace(scan=None, cause_id="") for count in service.counts],
        [entry._replace(scan=None, cause_id="") for entry in service.ledger],
        [correction._replace(scan=None, cause_id="") for correction in service.corrections],
    )


@pytest.mark.parametrize("command", list(BASE), ids=lambda command: command.__name__)
def test_a_scan_does_what_the_typed_command_does(command: type[Message]) -> None:
    """S13, S23: product, lot, dates and quantity on labels have the effect of the same values typed by hand."""
    by_hand, by_scan = stocked_lots(), stocked_lots()
    typed = command.model_validate({**BASE[command], "sku": "A-1", "lot": "B-1", **TYPED[command]})
    lot, expiry = LABEL.get(command, ("B-1", "270331"))
    texts = [label(lot, expiry, gtin) for gtin in (GTIN, CASE)]
    [result] = by_scan.handle(scanned(command, *texts))
    assert result.violations == ()
    assert result.body == by_hand.handle(typed)[0].body
    assert state(by_scan) == state(by_hand)
    records: list[Any] = [*by_scan.ledger[3:], *by_scan.counts, *by_scan.corrections, *by_scan.open_holds()]
    assert {record.scan for record in records} == {"\n".join(texts)}
    assert [event.scan for event in by_scan.events_of(EVENTS[command])[-1:]] == ["\n".join(texts)]
    assert [event.scan for event in by_hand.events_of(EVENTS[command])[-1:]] == [None]
    assert not {record.scan for record in by_hand.ledger} - {None}


@settings(max_examples=25)
@given(scans=st.lists(st.tuples(st.sampled_from([GTIN, CASE]), st.booleans()), min_size=1, max_size=8))
def test_each_scan_of_a_case_or_an_item_is_counted(scans: list[tuple[str, bool]]) -> None:
    """S23, S30: the counted quantity is the sum over all scans, repeated ones too, with or without lot."""
    texts = [label(gtin=gtin) if with_lot else gtin for gtin, with_lot in scans]
    total = sum(12 if gtin == CASE else 1 for gtin, _ in scans)
    by_hand, by_scan = stocked_lots(), stocked_lots()
    by_hand.handle(messages.count("B-1", total))
    by_scan.handle(scanned(CountLot, *texts, sku="A-1", lot="B-1"))
    assert state(by_scan) == state(by_hand)
    assert by_scan.counts[-1].counted == total
    assert by_scan.counts[-1].scan == "\n".join(texts)


@pytest.mark.parametrize(
    ("command", "text", "fields", "code"),
    [
        (PutAwayLot, label("B-2"), {}, "label_mismatch"),
        (MoveLot, label(expiry="270401"), {}, "label_mismatch"),
        (AdjustLot, label(gtin=OTHER), {}, "wrong_product"),
        (CountLot, label("B-2"), {}, "label_mismatch"),
        (CountLot, "what is it?", {}, "quantity_required"),
        (PutAwayLot, "]d210B-1", {"sku": "A-1"}, "quantity_required"),
        (PlaceLotHold, label("B-2"), {}, "label_mismatch"),
        (CorrectLotDates, label(expiry="270401"), {}, "label_mismatch"),
        (CorrectLotDates, f"01{GTIN}10B-1", {}, "expiry_required"),
        (CorrectLotNumber, label("B-3", "270331"), {"lot": "B-2"}, "label_mismatch"),
        (MoveLot, label("B-1", "270331", "95212345432139"), {}, "unreadable_scan"),
    ],
)
def test_what_a_scan_contradicts_is_rejected_by_its_name(
    command: type[Message], text: str, fields: dict[str, Any], code: str
) -> None:
    """S16, S23, S25: another product, lot or expiry, or no quantity, names the scan; nothing is done in part."""
    service = stocked_lots()
    before = state(service)
    good = label("B-2") if command is CorrectLotNumber else label()
    [result] = service.handle(scanned(command, good, text, **({"sku": "A-1"} | fields)))
    assert result.is_rejected
    assert [(str(problem.code), problem.ids) for problem in result.violations] == [(code, [text])]
    assert state(service) == before


def test_a_typed_quantity_counts_beside_a_scan() -> None:
    """S23: one scan names the goods, and the quantity that was entered for all of them counts."""
    service = stocked_lots()
    [result] = service.handle(scanned(MoveLot, label(), quantity="7"))
    assert result.violations == ()
    assert service.quantities_at("B-1", BIN) == (Decimal(7), Decimal(0))


def test_scans_of_one_lot_add_up_to_what_a_command_takes() -> None:
    """S23: scans that add up to more than a command takes are rejected with the total."""
    service = stocked_lots()
    service.barcodes.append(KnownName("BARCODE", "PALLET", "A-1", 600_000))
    [result] = service.handle(scanned(CountLot, "PALLET", "PALLET", lot="B-1"))
    assert [str(problem.code) for problem in result.violations] == ["quantity_required"]
    assert "1200000" in result.violations[0].detail


def test_lots_are_compared_without_case() -> None:
    """S25: a label spells the lot as its maker does; the books keep their spelling."""
    service = stocked_lots()
    [result] = service.handle(scanned(MoveLot, label("b-1")))
    assert result.violations == ()
    assert service.quantities_at("B-1", BIN) == (Decimal(1), Decimal(0))


def test_best_before_dates_are_compared() -> None:
    """S24: of a product that counts by its best-before date, a label with this date agrees with the books."""
    service = stocked_lots()
    lot = service.uow.lots["A-1", "B-1"]
    lot.best_before = lot.expiry = date(2027, 3, 31)
    agreeing = f"]d201{GTIN}152703311727063010B-1"
    [result] = service.handle(scanned(MoveLot, agreeing, f"]d201{GTIN}1527040110B-1"))
    assert [problem.ids for problem in result.violations] == [[f"]d201{GTIN}1527040110B-1"]]


def test_scans_of_receipts_and_returns_are_kept() -> None:
    """S22, S25: what receiving read from a scan keeps the scan in the ledger and in the published event."""
    service = InMemoryLots()
    service.handle(messages.receive(messages.received_lot("00-a", 5, scan=label("00-a"))))
    returned = messages.return_from_customer("00-a", 2)
    lots = [returned.lots[0].model_copy(update={"scan": "00-a"})]
    service.handle(returned.model_copy(update={"lots": lots}))
    assert [(entry.change, entry.scan) for entry in service.ledger] == [
        ("RECEIVED", label("00-a")), ("RETURNED", "00-a"),
    ]  # fmt: skip
    assert [event.scan for event in service.events_of(LotReceived)] == [label("00-a"), "00-a"]
