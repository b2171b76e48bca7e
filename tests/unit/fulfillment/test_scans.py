"""Raw scans in commands on orders: the pick list decides what they mean, and labels are compared with the books."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.contracts.commands.fulfillment import (
    LotSelector,
    MoveCartonItems,
    PackItems,
    PickItems,
    ReportShortPick,
    SwapLot,
    SwapUnit,
    UnitSelector,
    UnpackItems,
    UnpickItems,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    CartonPacked,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
)
from tests.unit.fulfillment.in_memory import LOT, NONE, NOW, SERIAL, InMemoryFulfillment
from tests.unit.fulfillment.lot_builders import LATE_EXPIRY, events_of, lot_allocated
from tests.unit.fulfillment.order_builders import allocation_requests, order_line, order_placed, serial_allocated

PUMP, MILK, SALT, CASE = "09521234543213", "04006381333931", "00012345678905", "14006381333938"


def label(gtin: str, **values: Any) -> str:
    """A GS1 DataMatrix as a scanner sends it: serial, lot, expiry and quantity."""
    ais = {"expiry": "17", "lot": "10", "serial": "21", "quantity": "30"}
    texts = {"expiry": lambda day: f"{day:%y%m%d}"}
    parts = [f"{ais[name]}{texts.get(name, str)(values[name])}" for name in ais if name in values]
    head, *tail = [part for part in parts if part.startswith("17")], *[part for part in parts if part[:2] != "17"]
    return f"]d201{gtin}{''.join(head)}" + "\x1d".join(tail)


def new_fulfillment() -> InMemoryFulfillment:
    """Order SO-1 of pumps A 7 and A 8, valve B 7, four of milk lots L1 and L2 each, and two of salt; SO-2 of A 9."""
    service = InMemoryFulfillment(("A", "B"))
    service.products |= {"M": LOT, "N": NONE, "B": SERIAL}
    service.barcodes = {"A": [(PUMP, 1)], "M": [(MILK, 1), (CASE, 2)], "N": [(SALT, 1)]}
    lines = [order_line("1", "A", 2), order_line("2", "B"), order_line("3", "M", 8), order_line("4", "N", 2)]
    pumps, valves, milk, salt = allocation_requests(service.handle(order_placed(*lines)))
    service.handle(serial_allocated(pumps, "7", "8"))
    service.handle(serial_allocated(valves, "7"))
    service.handle(lot_allocated(milk, ("L1", "EAST/A-1", 4), ("L2", "EAST/A-1", 4)))
    service.handle(lot_allocated(salt, ("", "EAST/A-1", 2), expiry=None))
    (other,) = allocation_requests(service.handle(order_placed(order_line("1", "A"), order_id="SO-2")))
    service.handle(serial_allocated(other, "9"))
    return service


@pytest.fixture
def fulfillment() -> InMemoryFulfillment:
    """The orders of each test."""
    return new_fulfillment()


def pick(*scans: str, order: str = "SO-1") -> PickItems:
    """A pick by raw scans."""
    return PickItems(order=order, location="EAST/STAGE", scans=list(scans))


def last_log(service: InMemoryFulfillment) -> list[dict[str, Any]]:
    """The details of the log entries of the last message."""
    return service.logged


def test_one_scan_fills_product_serial_lot_and_quantity(fulfillment: InMemoryFulfillment) -> None:
    """S15, S23: units, lots and untracked products; scans of a lot are added up, a case counts its content."""
    scans = [
        label(PUMP, serial="7"), label(MILK, lot="L1", quantity=2), label(CASE, lot="l1"),
        f"https://id.gs1.org/01/{MILK}/10/L2", SALT[1:], "(01)" + SALT + "(30)1",
    ]  # fmt: skip
    events = fulfillment.handle(pick(*scans))
    assert fulfillment.violations == []
    assert [(event.serials, event.scans) for event in events_of(events, OrderSerialsPicked)] == [(["7"], scans[:1])]
    picked = [lot for event in events_of(events, OrderLotsPicked) for lot in event.lots]
    assert [(lot.lot, int(lot.quantity)) for lot in picked] == [("L1", 4), ("L2", 1), ("", 2)]
    assert [lot.scan for lot in picked] == ["\n".join(scans[1:3]), scans[3], "\n".join(scans[4:])]
    assert [detail["scans"] for detail in fulfillment.logged] == [scans[:1], scans[1:4], scans[4:]]


ITEMS = [
    (label(PUMP, serial="7"), UnitSelector(sku="A", serial="7")), ("8", UnitSelector(sku="A", serial="8")),
    (label(PUMP, serial="9"), UnitSelector(sku="A", serial="9")),
    (label(MILK, lot="L1", quantity=3), LotSelector(sku="M", lot="L1", quantity=Decimal(3))),
    (label(CASE, lot="L2"), LotSelector(sku="M", lot="L2", quantity=Decimal(2))),
    (label(MILK, lot="L9"), LotSelector(sku="M", lot="L9", quantity=Decimal(1))),
    (SALT, LotSelector(sku="N", quantity=Decimal(1))),
]  # fmt: skip
"""Scans, and what is typed instead of them."""


@given(items=st.lists(st.sampled_from(ITEMS), min_size=1, unique_by=lambda item: item[0]))
def test_a_scan_is_what_is_typed_instead(items: list[tuple[str, UnitSelector | LotSelector]]) -> None:
    """S14, S20, S23: the same events, results and rejections; only the scans are added."""
    typed, scanned = new_fulfillment(), new_fulfillment()
    units = [item for _, item in items if isinstance(item, UnitSelector)]
    stock = [item for _, item in items if isinstance(item, LotSelector)]
    expected = typed.handle(PickItems(order="SO-1", location="EAST/STAGE", units=units, stock=stock))
    events = scanned.handle(pick(*(scan for scan, _ in items)))
    without_scans: Any = {"scans": True, "cause": True, "lots": {"__all__": {"scan"}}}
    dumped = [[event.model_dump(exclude=without_scans) for event in published] for published in (expected, events)]
    assert dumped[0] == dumped[1]
    assert typed.results[0].body == scanned.results[0].body
    assert [violation.model_dump() for violation in typed.violations] == [
        violation.model_dump() for violation in scanned.violations
    ]


def test_the_pick_list_decides_what_a_text_is(fulfillment: InMemoryFulfillment) -> None:
    """S14, S20: a serial of one product is read, one of two products is asked about, an unknown one is rejected."""
    events = fulfillment.handle(pick("8", "7", "L1", "what"))
    assert [event.serials for event in events_of(events, OrderSerialsPicked)] == [["8"]]
    problems = {str(violation.code): violation for violation in fulfillment.violations}
    assert set(problems) == {"ambiguous_scan", "quantity_required", "unknown_scan"}
    assert "SO-1" in problems["unknown_scan"].detail
    assert [violation.ids for violation in fulfillment.violations] == [["7"], ["L1"], ["what"]]


def test_what_names_no_product_belongs_to_the_only_one(fulfillment: InMemoryFulfillment) -> None:
    """S20: in an order of one product, also serials of other orders and labels without GTIN; see who has them."""
    assert fulfillment.rejection_codes(pick("8", order="SO-2")) == ["not_on_pick_list"]
    assert "SO-1" in fulfillment.violations[0].detail
    fulfillment.handle(pick("(21)9", order="SO-2"))
    assert fulfillment.violations == []


def test_a_rejection_says_what_to_take_instead(fulfillment: InMemoryFulfillment) -> None:
    """S16, S20: a unit of another order, and a lot of none, name what is still to be picked."""
    assert fulfillment.rejection_codes(pick(label(PUMP, serial="9"), label(PUMP, serial="7"))) == ["not_on_pick_list"]
    assert fulfillment.violations[0].suggested == ["8"]
    assert fulfillment.rejection_codes(pick(label(MILK, lot="L9"))) == ["not_on_pick_list"]
    assert fulfillment.violations[0].suggested == ["L1", "L2"]


def test_a_label_that_contradicts_the_books(fulfillment: InMemoryFulfillment) -> None:
    """S28: another expiry date than that of the lot, or one that has passed, rejects this item only."""
    wrong, right = LATE_EXPIRY + timedelta(days=1), LATE_EXPIRY
    expired = NOW.date() - timedelta(days=1)
    events = fulfillment.handle(
        pick(
            label(MILK, lot="L1", expiry=wrong),
            label(MILK, lot="L1", expiry=right),
            label(PUMP, serial="7", expiry=expired),
            label(PUMP, serial="8", expiry=right),
        )
    )
    assert [event.serials for event in events_of(events, OrderSerialsPicked)] == [["8"]]
    (picked,) = events_of(events, OrderLotsPicked)
    assert [(lot.lot, int(lot.quantity)) for lot in picked.lots] == [("L1", 1)]
    (violation,) = fulfillment.violations
    assert violation.code == "label_mismatch"
    assert len(violation.ids) == 2
    assert violation.suggested == ["L2", "8"]
    assert all(len(detail["scans"]) == 1 for detail in fulfillment.logged)


def test_goods_are_packed_unpacked_moved_and_returned_by_scans(fulfillment: InMemoryFulfillment) -> None:
    """S12, S21: by what the order has picked and packed; log and events keep the scans; a carton is no item."""
    unit, lot = label(PUMP, serial="7"), label(MILK, lot="L1", quantity=3)
    fulfillment.handle(pick(unit, lot))
    events: dict[type[Message], list[Message]] = {}
    commands: list[Message] = [
        PackItems(order="SO-1", carton="C-1", scans=[unit, lot]),
        MoveCartonItems(order="SO-1", carton="C-1", to_carton="C-2", scans=[lot]),
        UnpackItems(order="SO-1", carton="C-2", scans=[lot]),
        UnpackItems(order="SO-1", carton="C-1", scans=[unit]),
        UnpickItems(order="SO-1", location="EAST/A-1", reason="x", scans=[unit, lot]),
    ]
    for command in commands:
        events[type(command)] = list(fulfillment.handle(command))
        assert fulfillment.violations == []
        assert {scan for detail in fulfillment.logged for scan in detail["scans"]} == set(command.scans)  # type: ignore[attr-defined]
    (content,) = events_of(events[PackItems], CartonPacked)
    assert (content.scans, [line.scan for line in content.stock]) == ([unit], [lot])
    old, new = events_of(events[MoveCartonItems], CartonPacked)
    assert (old.scans, [line.scan for line in new.stock]) == (None, [lot])
    (units,), (stock,) = (events_of(events[UnpickItems], kind) for kind in (OrderSerialsUnpicked, OrderLotsUnpicked))
    assert (units.scans, [line.scan for line in stock.lots]) == ([unit], [lot])
    sscc = "]C100395212340000000112"
    assert fulfillment.rejection_codes(PackItems(order="SO-1", carton="C-1", scans=[sscc])) == ["unreadable_scan"]


def test_missing_goods_are_reported_by_scans(fulfillment: InMemoryFulfillment) -> None:
    """S20: the label at the shelf names the lot that is not there."""
    scan = label(MILK, lot="L2", quantity=2)
    events = fulfillment.handle(ReportShortPick(order="SO-1", reason="gone", scans=[scan]))
    (missing,) = events_of(events, OrderLotsDeallocated)
    assert [(lot.lot, int(lot.quantity)) for lot in missing.lots] == [("L2", 2)]
    assert fulfillment.logged[0]["scans"] == [scan]


@pytest.mark.parametrize(
    "fields",
    [
        {"scans": [label(PUMP, serial="99"), label(PUMP, serial="8")]},
        {"scans": [label(PUMP, serial="99")], "unit": {"sku": "A", "serial": "8"}},
        {"scans": ["8"], "replacement": "99"},
    ],
)
def test_units_are_swapped_by_scans(fulfillment: InMemoryFulfillment, fields: dict[str, Any]) -> None:
    """S12: what the order has is replaced by the other one, in whatever sequence they are scanned."""
    command = SwapUnit.model_validate({"order": "SO-1", "reason": "scratched"} | fields)
    (request,) = allocation_requests(fulfillment.handle(command))
    assert (request.sku, request.serials) == ("A", ["99"])
    assert set(fulfillment.logged[0]["scans"]) == set(fields["scans"])


def test_lots_are_swapped_by_scans(fulfillment: InMemoryFulfillment) -> None:
    """S12: the quantity is that of the scan of the lot which the order has."""
    scans = [label(MILK, lot="L5"), label(MILK, lot="L1", quantity=3)]
    (request,) = allocation_requests(fulfillment.handle(SwapLot(order="SO-1", reason="dented", scans=scans)))
    assert (request.lots, int(request.quantity)) == (["L5"], 3)


def test_wrong_swaps_are_rejected(fulfillment: InMemoryFulfillment) -> None:
    """S12: another product, an unknown code, or one item too few replaces nothing."""
    for scans, code in (
        ([label(PUMP, serial="8"), label(MILK, lot="L1")], "not_serial_tracked"),
        (["8", "?!"], "unknown_scan"),
    ):
        assert fulfillment.rejection_codes(SwapUnit(order="SO-1", reason="x", scans=scans)) == [code]
    with pytest.raises(ValidationError, match="replacement required"):
        SwapUnit(order="SO-1", reason="x", scans=["8"])
