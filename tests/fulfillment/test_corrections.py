"""A corrected expiry reaches the goods that orders have in hand, and nothing else; against a real database."""

from datetime import date, timedelta

import pytest

from shared.contracts.commands.fulfillment import Dispatch
from shared.contracts.fulfillment import DispatchRequested, StockDeallocated, StockPicked, UnitDeallocated, UnitPicked
from shared.contracts.lots import LotCorrected
from shared.contracts.problems import Code
from shared.contracts.serials import SerialCorrected
from shared.database import Transaction
from tests.fulfillment.counted import FAR, Lots
from tests.fulfillment.desk import Desk

TODAY = Transaction.clock().date()
PAST, SOON, LATE = (TODAY + timedelta(days=days) for days in (-30, 30, 300))


def lot_corrected(lots: Lots, expiry: date | None, *orders: str, lot: str = "L1") -> LotCorrected:
    """What lots says when a label was read anew, to the orders that have some of the lot."""
    return LotCorrected(sku=lots.sku, lot=lot, expiry=expiry, orders=[lots.desk.no(it) for it in orders], reason="read")


def unit_corrected(desk: Desk, expiry: date | None, serial: str, *orders: str) -> SerialCorrected:
    """What the registry says when the label of a unit was read anew."""
    return SerialCorrected(
        sku=desk.sku, serials=[serial], expiry=expiry, orders=[desk.no(it) for it in orders], reason="read anew"
    )


@pytest.mark.parametrize(
    ("came", "corrected", "code"),
    [(PAST, LATE, None), (LATE, PAST, Code.EXPIRED), (LATE, SOON, Code.LIFE_TOO_SHORT), (PAST, None, None)],
)
async def test_the_pick_looks_at_the_corrected_date(
    desk: Desk, lots: Lots, came: date, corrected: date | None, code: Code | None
) -> None:
    """What became good by a correction is picked, what became too old or near its end goes back (S28)."""
    await desk.tell(lots.product(version=2, stop_pick_days=60))
    await lots.allocated("SO-1", ("L1", 2), ("L2", 1), expiry=came)
    await desk.tell(lot_corrected(lots, corrected, "SO-1"))
    answer = await desk.ask(lots.pick("SO-1", ("L1", 2)))
    assert [refusal.code for refusal in answer.refusals] == ([code] if code else [])
    assert (len(desk.heard(StockPicked)), len(desk.heard(StockDeallocated))) == ((0, 1) if code else (1, 0))
    kept = await desk.rows("SELECT expiry FROM pile WHERE order_id = :order AND lot = 'L2'", order=desk.no("SO-1"))
    assert [row["expiry"] for row in kept] == [came]


@pytest.mark.parametrize(("came", "corrected", "good"), [(PAST, LATE, True), (LATE, PAST, False)])
@pytest.mark.usefixtures("lots")
async def test_the_pick_looks_at_the_corrected_date_of_a_unit(
    desk: Desk, came: date, corrected: date, good: bool
) -> None:
    """A serial's corrected date decides at the pick as a lot's does (S28)."""
    asked = await desk.place("SO-1", 1)
    given = desk.gives(asked, ["S1"])
    await desk.tell(given.model_copy(update={"given": [given.given[0].model_copy(update={"expiry": came})]}))
    await desk.tell(unit_corrected(desk, corrected, "S1", "SO-1"))
    await desk.ask(desk.pick("SO-1", "S1"))
    assert (len(desk.heard(UnitPicked)), len(desk.heard(UnitDeallocated))) == ((1, 0) if good else (0, 1))


@pytest.mark.usefixtures("lots")
async def test_a_correction_is_for_the_orders_it_names(desk: Desk) -> None:
    """Of two units corrected at once each gets its date where it was then, and not at the other's order (S24)."""
    for order, serial in (("SO-1", "S1"), ("SO-2", "S2")):
        await desk.tell(desk.gives(await desk.place(order, 1), [serial]))
    await desk.tell(unit_corrected(desk, SOON, "S1", "SO-2"), unit_corrected(desk, LATE, "S2", "SO-2"))
    rows = await desk.rows("SELECT serial, expiry FROM unit WHERE sku = :sku ORDER BY serial", sku=desk.sku)
    assert [(row["serial"], row["expiry"]) for row in rows] == [("S1", None), ("S2", LATE)]


async def test_the_last_of_several_corrections_counts(desk: Desk, lots: Lots) -> None:
    """Two corrections in one transaction leave the date of the later, in all that the orders have of it (S24)."""
    await lots.allocated("SO-1", ("L1", 3))
    await lots.allocated("SO-2", ("L1", 1))
    await desk.tell(lots.pick("SO-1", ("L1", 1)), lots.pack("SO-1", "C-1", ("L1", 1)))
    await desk.tell(lot_corrected(lots, SOON, "SO-1", "SO-2"), lot_corrected(lots, LATE, "SO-1", "SO-2"))
    rows = await desk.rows("SELECT expiry, status FROM pile WHERE sku = :sku", sku=lots.sku)
    assert sorted((row["status"], row["expiry"]) for row in rows) == [
        ("ALLOCATED", LATE), ("ALLOCATED", LATE), ("PICKED", LATE)
    ]  # fmt: skip


async def test_a_correction_before_the_goods_or_after_them_does_no_harm(desk: Desk, lots: Lots) -> None:
    """Heard before the answer it changes nothing, which brings the new date; what has left keeps its own (S24)."""
    asked = await lots.place("SO-1", 2)
    early = (lot_corrected(lots, LATE, "SO-1", "SO-NONE"), unit_corrected(desk, LATE, "S1", "SO-1"))
    await desk.tell(*early)
    assert not desk.said
    await desk.tell(lots.gives(asked, ("L1", 1), expiry=LATE))
    assert (await desk.ask(lots.pick("SO-1", ("L1", 1)))).body
    _, left = await lots.asked_to_leave("SO-2", ("L1", 1))
    await desk.tell(*lots.approves(left))
    await desk.shipped("SO-3", "S1")
    await desk.tell(lot_corrected(lots, PAST, "SO-2"), unit_corrected(desk, PAST, "S1", "SO-3"))
    assert not desk.said
    shipped = "SELECT expiry FROM {} WHERE order_id = :order"
    assert await desk.rows(shipped.format("pile"), order=desk.no("SO-2")) == [{"expiry": FAR}]
    assert await desk.rows(shipped.format("unit"), order=desk.no("SO-3")) == [{"expiry": None}]


async def test_orders_that_are_not_named_are_not_touched(desk: Desk, lots: Lots) -> None:
    """Only named orders are locked: goods of others, whose answer carried the new date, stay as they are (S09)."""
    await lots.allocated("SO-1", ("L1", 1), expiry=SOON)
    await lots.allocated("SO-2", ("L1", 1), expiry=LATE)
    await desk.tell(lot_corrected(lots, PAST, "SO-1"))
    rows = await desk.rows("SELECT order_id, expiry FROM pile WHERE sku = :sku", sku=lots.sku)
    assert {row["order_id"]: row["expiry"] for row in rows} == {desk.no("SO-1"): PAST, desk.no("SO-2"): LATE}


async def test_a_corrected_date_ends_no_check(desk: Desk, lots: Lots) -> None:
    """What is packed may still be asked to leave: the owner of the goods judges the date (S28)."""
    await lots.asked_to_leave("SO-1", ("L1", 1))
    await desk.tell(lot_corrected(lots, PAST, "SO-1"))
    await desk.tell(Dispatch(shipment=desk.no("SH-SO-1")))
    assert desk.heard(DispatchRequested)
