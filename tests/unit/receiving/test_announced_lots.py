"""Lots and dates that an ASN announces: stored, published, taken by scans, and compared with labels."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.receiving.receipts.domain.announced_lots import parse_lots
from shared.contracts.commands import receiving as commands
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.receiving import ReceiptLineCancelled, ReceiptLineExpected, ReceiptLotsReceived
from shared.contracts.receiving import ReceiptSerialsReceived as Received
from shared.contracts.upstream import AsnAnnounced, AsnLine
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import SHORT_SHELF_LIFE, InMemoryReceiving
from tests.unit.receiving.steps import (
    amend_receipt,
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    scan_lots,
    scan_serials,
    scan_statuses,
    scanned_lot,
)

MARCH, APRIL = "2027-03-31", "2027-04-30"


@pytest.fixture
def service() -> InMemoryReceiving:
    """VALVE is serial-tracked and needs an expiry date. It is 1 March 2026."""
    service = InMemoryReceiving()
    service.define_product("VALVE", "SERIAL", SHORT_SHELF_LIFE)
    return service


def lot(number: str, *serials: str, **fields: Any) -> dict[str, Any]:
    """An announced lot."""
    return {"lot": number, "serials": list(serials), **fields}


def valves(*lots: dict[str, Any], quantity: int, number: str = "1") -> dict[str, Any]:
    """A line of valves with announced lots."""
    return asn_line(quantity=quantity, number=number, sku="VALVE") | {"lots": list(lots)}


def milk(*lots: dict[str, Any], quantity: int, number: str = "1") -> dict[str, Any]:
    """A line of milk with announced lots."""
    return asn_line(quantity=quantity, number=number, sku="MILK") | {"lots": list(lots)}


def as_text(day: date | None) -> str | None:
    """Format a date."""
    return None if day is None else str(day)


def expected(events: list[Any]) -> list[tuple[list[str], int, str | None, str | None]]:
    """Serials, quantity, lot and expiry of each expectation."""
    return [
        (event.serials, int(event.quantity), event.lot, as_text(event.expiry))
        for event in events
        if isinstance(event, ReceiptLineExpected)
    ]


def received(result: CommandResult) -> list[tuple[list[str], str | None, str | None]]:
    """Serials, lot and expiry of each receipt of units."""
    return [(event.serials, event.lot, as_text(event.expiry)) for event in result.events if isinstance(event, Received)]


def announced(service: InMemoryReceiving, line: str = "1") -> list[tuple[str, int, str | None]]:
    """Lot, quantity and expiry that a line of R1 announces."""
    return [
        (entry.lot, int(entry.count), as_text(entry.expiry)) for entry in parse_lots(service.uow.lines["R1", line].lots)
    ]


def test_announced_lots_are_published_and_stored(service: InMemoryReceiving) -> None:
    """One expectation for each lot and expiry, with its serials; nothing that was sent is lost (S05, S23)."""
    lots = (
        lot("L1", "A", "B", expiry=MARCH, manufactured_on="2026-01-01"), lot("", "C", expiry=APRIL),
        lot("L2", quantity=2, best_before=APRIL),
    )  # fmt: skip
    result = announce_receipt(service, "R1", valves(*lots, quantity=7))
    assert expected(list(result.events)) == [
        (["A", "B"], 6, "L1", MARCH), (["C"], 1, None, APRIL),
    ]  # fmt: skip
    assert announced(service) == [("", 1, APRIL), ("L1", 2, MARCH), ("L2", 2, None)]
    (row,) = service.uow.announced_lines
    assert [entry.model_dump(exclude_defaults=True) for entry in parse_lots(row.lots)] == [
        entry.model_dump(exclude_defaults=True) for entry in AsnLine.model_validate(valves(*lots, quantity=7)).lots
    ]
    assert sorted(row.serials) == ["A", "B", "C"]


def test_scan_takes_what_is_announced_for_the_serial_number(service: InMemoryReceiving) -> None:
    """A scan that says nothing takes lot and expiry of its serial number, which satisfies S24; an undo keeps them."""
    announce_receipt(service, "R1", valves(lot("L1", "A", "B", expiry=MARCH), lot("L2", "C"), quantity=4))
    assert scan_statuses(scan_serials(service, "R1", "A", sku="VALVE")) == ["ACCEPTED"]
    service.handle_command(commands.UndoScan(receipt="R1", session="S", sku="VALVE", serials=["A"]))
    scan_serials(service, "R1", "A", "B", sku="VALVE")
    assert error_codes(scan_serials(service, "R1", "C", sku="VALVE")) == ["expiry_required"]
    assert scan_statuses(scan_serials(service, "R1", "C", sku="VALVE", expiry=APRIL)) == ["ACCEPTED"]
    assert received(confirm_session(service, "R1")) == [(["A", "B"], "L1", MARCH), (["C"], "L2", APRIL)]


def test_units_without_listed_serial_take_the_dates_of_their_lot(service: InMemoryReceiving) -> None:
    """A unit whose serial was not announced takes the expiry of the lot that its scan names (S23, S24)."""
    announce_receipt(service, "R1", valves(lot("L1", quantity=2, expiry=MARCH), quantity=3))
    assert error_codes(scan_serials(service, "R1", "x", sku="VALVE")) == ["expiry_required"]
    assert scan_statuses(scan_serials(service, "R1", "x", sku="VALVE", lot="l1")) == ["ACCEPTED"]
    assert scan_statuses(scan_serials(service, "R1", "y", sku="VALVE", lot="L9", expiry=APRIL)) == ["ACCEPTED"]
    assert received(confirm_session(service, "R1")) == [(["x"], "l1", MARCH), (["y"], "L9", APRIL)]


@pytest.mark.parametrize(
    ("label", "difference"),
    [
        ({"lot": "L2"}, "lot L1"),
        ({"expiry": APRIL}, f"expiry {MARCH}"),
        ({"manufactured_on": "2026-02-02"}, "manufactured_on 2026-01-01"),
        ({"lot": "L2", "expiry": APRIL}, f"lot L1, expiry {MARCH}"),
    ],
)
def test_contradicting_label_of_a_unit_is_a_discrepancy(
    service: InMemoryReceiving, label: dict[str, Any], difference: str
) -> None:
    """A unit whose label contradicts its announcement waits for a supervisor, who may accept it as scanned (S16)."""
    announced_lot = lot("L1", "A", expiry=MARCH, manufactured_on="2026-01-01")
    announce_receipt(service, "R1", valves(announced_lot, quantity=1))
    result = scan_serials(service, "R1", "A", sku="VALVE", **label)
    assert scan_statuses(result) == ["NOT_AS_ANNOUNCED"]
    confirm_session(service, "R1")
    (found,) = service.uow.discrepancies
    assert (found.kind, found.line, found.conflicting_value) == ("NOT_AS_ANNOUNCED", "1", difference)
    assert service.uow.get_unit("VALVE", "A").status == "EXPECTED"
    accepted = service.handle_command(
        commands.ResolveDiscrepancy(receipt="R1", discrepancy=found.discrepancy, resolution="ACCEPT", reason="seen")
    )
    assert received(accepted) == [(["A"], label.get("lot", "L1"), label.get("expiry", MARCH))]


def test_same_label_as_announced_is_accepted(service: InMemoryReceiving) -> None:
    """A label that repeats the announcement, in any case of the lot number, is no contradiction."""
    announce_receipt(service, "R1", valves(lot("L1", "A", expiry=MARCH), lot("L2", "B", expiry=MARCH), quantity=2))
    assert scan_statuses(scan_serials(service, "R1", "A", sku="VALVE", lot="l1", expiry=MARCH)) == ["ACCEPTED"]


def test_announced_expiry_rejects_units_on_arrival(service: InMemoryReceiving) -> None:
    """Units that are too old by their announcement are rejected; the others of the scan are taken (S24, S28)."""
    announce_receipt(
        service, "R1", valves(lot("L1", "A", expiry="2026-02-01"), lot("L2", "B", expiry=MARCH), quantity=2)
    )
    result = scan_serials(service, "R1", "A", "B", sku="VALVE")
    assert (scan_statuses(result), error_codes(result)) == (["EXPIRED", "ACCEPTED"], ["expired"])
    (rejection,) = service.uow.discrepancies
    assert (rejection.kind, rejection.serial, rejection.lot, str(rejection.expiry)) == (
        "EXPIRED", "A", "L1", "2026-02-01",
    )  # fmt: skip


def test_lot_scan_takes_announced_dates(service: InMemoryReceiving) -> None:
    """A lot scan without dates takes those announced for the lot, over all lines that agree (S23, S24)."""
    announce_receipt(
        service, "R1", milk(lot("L1", quantity=5, expiry=MARCH, manufactured_on="2026-01-01"), quantity=9),
        milk(lot("L1", quantity=3, expiry=MARCH), quantity=3, number="2"),
    )  # fmt: skip
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("L1", 5, None))) == ["ACCEPTED"]
    assert error_codes(scan_lots(service, "R1", scanned_lot("L9", 1, None))) == ["expiry_required"]
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("L9", 1, APRIL))) == ["ACCEPTED"]
    (event,) = (event for event in confirm_session(service, "R1").events if isinstance(event, ReceiptLotsReceived))
    assert [(entry.lot, str(entry.expiry)) for entry in event.lots] == [("L1", MARCH), ("L9", APRIL)]


@pytest.mark.parametrize(
    ("number", "expiry", "difference"), [("L1", APRIL, f"expiry {MARCH}"), ("L9", MARCH, "lot L1, L2")]
)
def test_contradicting_lot_scan_is_a_discrepancy(
    service: InMemoryReceiving, number: str, expiry: str, difference: str
) -> None:
    """Another date, or another lot where all lots are announced, waits for a supervisor (S16, S23)."""
    announce_receipt(
        service, "R1", milk(lot("L1", quantity=5, expiry=MARCH), lot("L2", quantity=4, expiry=MARCH), quantity=9)
    )
    result = scan_lots(service, "R1", scanned_lot(number, 5, expiry))
    assert scan_statuses(result) == ["NOT_AS_ANNOUNCED"]
    assert result.body.lots[0].conflicting_value == difference  # type: ignore[union-attr]
    confirm_session(service, "R1")
    (found,) = service.uow.discrepancies
    assert (found.kind, int(found.quantity), str(found.expiry)) == ("NOT_AS_ANNOUNCED", 5, expiry)
    accepted = service.handle_command(
        commands.ResolveDiscrepancy(receipt="R1", discrepancy=found.discrepancy, resolution="ACCEPT", reason="seen")
    )
    (event,) = (event for event in accepted.events if isinstance(event, ReceiptLotsReceived))
    assert [(entry.lot, int(entry.quantity), str(entry.expiry)) for entry in event.lots] == [(number, 5, expiry)]


def test_announced_dates_must_fit_those_on_the_label(service: InMemoryReceiving) -> None:
    """Goods that would expire before they were made wait for a supervisor (S16, S24)."""
    service.define_product("MILK", "LOT", ShelfLifePolicy(expiry_required=False))
    announce_receipt(service, "R1", milk(lot("L1", quantity=5, expiry="2026-02-01"), quantity=5))
    result = scan_lots(service, "R1", scanned_lot("L1", 5, None, manufactured_on="2026-02-02"))
    assert scan_statuses(result) == ["NOT_AS_ANNOUNCED"]
    assert result.body.lots[0].conflicting_value == "expiry 2026-02-01"  # type: ignore[union-attr]
    confirm_session(service, "R1")
    (found,) = service.uow.discrepancies
    assert found.conflicting_value == "expiry 2026-02-01"


def test_part_sent_again_replaces_announced_lots(service: InMemoryReceiving) -> None:
    """Another lot or date of a serial is cancelled and expected anew; the same content changes nothing (S05)."""
    announce_receipt(service, "R1", valves(lot("L1", "A", "B", expiry=MARCH), quantity=3))
    same = announce_receipt(service, "R1", valves(lot("L1", "A", "B", expiry=MARCH), quantity=3))
    assert not same.events
    result = announce_receipt(
        service, "R1", valves(lot("L1", "A", expiry=MARCH), lot("L2", "B", expiry=APRIL), quantity=3)
    )
    cancelled = [event.serials for event in result.events if isinstance(event, ReceiptLineCancelled)]
    assert (cancelled, expected(list(result.events))) == ([["B"]], [(["B"], 1, "L2", APRIL)])
    assert announced(service) == [("L1", 1, MARCH), ("L2", 1, APRIL)]
    assert service.uow.get_unit("VALVE", "B").announced_lot == "L2"


def test_amendment_keeps_or_replaces_announced_lots(service: InMemoryReceiving) -> None:
    """Omitted lots stay, without serials that are withdrawn; named ones replace them; all must fit the quantity."""
    announce_receipt(service, "R1", valves(lot("L1", "A", "B", expiry=MARCH), quantity=3))
    amend_receipt(service, "R1", {"line": "1", "sku": "VALVE", "quantity": 5})
    assert announced(service) == [("L1", 2, MARCH)]
    amend_receipt(service, "R1", {"line": "1", "sku": "VALVE", "serials": ["A"]})
    assert announced(service) == [("L1", 1, MARCH)]
    amend_receipt(service, "R1", {"line": "1", "sku": "VALVE", "lots": [lot("L2", quantity=4)]})
    assert announced(service) == [("L2", 4, None)]
    assert service.uow.get_unit("VALVE", "A").announced_lot is None
    rejected = amend_receipt(service, "R1", {"line": "1", "sku": "VALVE", "quantity": 3})
    assert error_codes(rejected) == ["too_many_units"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (milk(lot("L1", quantity=5), lot("L2", quantity=5), quantity=9), "too_many_units"),
        (milk(lot("", quantity=5, expiry=MARCH), quantity=9), "lot_required"),
        (milk(lot("L", quantity=1), lot("l", quantity=1, expiry=APRIL), quantity=9), "lot_dates_mismatch"),
        (milk(lot("L1", "A"), quantity=9), "not_serial_tracked"),
        (asn_line(quantity=1, sku="SALT") | {"lots": [lot("L1", quantity=1)]}, "not_lot_tracked"),
        (valves({"lot": "L1", "quantity": 1.5}, quantity=9), "quantity_precision"),
    ],
)  # fmt: skip
def test_impossible_lots_are_rejected(service: InMemoryReceiving, line: dict[str, Any], code: str) -> None:
    """Lots that contradict the line, the product or each other are rejected with the ASN."""
    assert error_codes(announce_receipt(service, "R1", line)) == [code]
    assert not service.uow.receipts


@pytest.mark.parametrize(
    "lots",
    [
        [{"lot": "L1"}], [{"quantity": 1}], [lot("L1", "A", "B", quantity=1)], [lot("L1", "A"), lot("L2", "A")],
        [lot("L1", quantity=1, expiry=MARCH, manufactured_on=APRIL)],
    ],
)  # fmt: skip
def test_incomplete_lots_do_not_match_the_schema(lots: list[dict[str, Any]]) -> None:
    """A lot needs a quantity or serials, says something, and names each serial once."""
    with pytest.raises(ValidationError):
        AsnAnnounced.model_validate({"receipt": "R", "warehouse": "W", "lines": [valves(*lots, quantity=9)]})


STATEMENTS = st.lists(
    st.tuples(st.integers(1, 2), st.lists(st.sampled_from(["L1", "L2", "L3"]), max_size=3, unique=True)),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(statements=STATEMENTS)
def test_line_announces_what_its_parts_said_last(statements: list[tuple[int, list[str]]]) -> None:
    """Whatever was sent before, a line announces the sum of the latest content of its parts (S05)."""
    service, last = InMemoryReceiving(), dict[int, list[str]]()
    for part, numbers in statements:
        lots = [lot(number, quantity=part, expiry=MARCH) for number in numbers]
        announce_receipt(service, "R1", milk(*lots, quantity=9), part=part, parts=2)
        last[part] = numbers
    assert announced(service) == sorted((number, part, MARCH) for part, numbers in last.items() for number in numbers)
