"""What keeps lots from leaving: the day in the warehouse, holds, their owner's refusal; against a real database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from httpx import AsyncClient

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch, Unpick
from shared.contracts.counted import PackedStock
from shared.contracts.fulfillment import (
    DispatchDone,
    StockDeallocated,
    StockPicked,
    StockUnpicked,
)
from shared.contracts.lots import (
    HeldStock,
    LotDispatchRefused,
    LotHeld,
    LotHoldLifted,
    RefusedStock,
)
from shared.contracts.problems import Code
from shared.contracts.reference import LocationChanged, WarehouseChanged
from shared.contracts.upstream import CustomerLife
from shared.database import Transaction
from tests.fulfillment.counted import Lots
from tests.fulfillment.desk import Desk


def held(lots: Lots, demand: str, lot: str) -> LotHeld:
    """A hold on a lot of which the first order has some."""
    stock = HeldStock(order=lots.desk.no("SO-1"), line="1", demand=demand, lot=lot, quantity=Decimal(1))
    return LotHeld(sku=lots.sku, lot=lot, hold=lots.desk.no("H"), reason="recall", stock=[stock])


AGREED = {"customers": [CustomerLife(customer="C-1", min_life_days=30)]}
OTHERS = {"customers": [CustomerLife(customer="C-2", min_life_days=30)]}


@pytest.mark.parametrize(
    "case",
    [
        ("2030-03-31T22:00:00Z", {}, 0, Code.EXPIRED),
        ("2030-03-23T23:00:00Z", {"stop_pick_days": 8}, 0, Code.LIFE_TOO_SHORT),
        ("2030-03-01T23:00:00Z", AGREED, 9, Code.LIFE_TOO_SHORT),
        ("2030-03-21T23:00:00Z", OTHERS, 10, Code.LIFE_TOO_SHORT),
    ],
)
@pytest.mark.parametrize("early", [True, False])
async def test_the_last_day_at_the_pick(
    lots: Lots, monkeypatch: pytest.MonkeyPatch, early: bool, case: tuple[str, dict[str, Any], int, Code]
) -> None:
    """Midnight in the warehouse's time zone decides, winter and summer: good to its last second, then refused (S28).

    What is refused is given back in the same transaction and wanted again.
    """
    desk, (good_until, life, least, code) = lots.desk, case
    await desk.tell(lots.product(version=2, **life))
    asked = await lots.place("SO-1", 2, min_life_days=least)
    await desk.tell(lots.gives(asked, ("L1", 2), expiry=date(2030, 3, 31)))
    moment = datetime.fromisoformat(good_until) - timedelta(seconds=early)
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: moment))
    answer = await desk.ask(lots.pick("SO-1", ("L1", 1)))
    assert [refusal.code for refusal in answer.refusals] == ([] if early else [code])
    assert [fact.again for fact in desk.heard(StockDeallocated)] == ([] if early else [True])
    assert len(desk.heard(StockPicked)) == early


async def test_the_same_moment_is_another_day_elsewhere(lots: Lots, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lot that has expired in one warehouse may be good for hours in another (S28)."""
    desk = lots.desk
    monkeypatch.setattr(Transaction, "clock", staticmethod(lambda: datetime(2030, 4, 1, 8, tzinfo=UTC)))
    for zone, codes in (("Pacific/Kiritimati", ["expired"]), ("Pacific/Niue", [])):
        warehouse = desk.no(zone[8:]).replace("/", "")
        await desk.tell(
            WarehouseChanged(warehouse=warehouse, version=1, name=zone, time_zone=zone),
            LocationChanged(location=f"{warehouse}/STAGE", version=1, type="STAGING", pick_sequence=1),
        )
        asked = await lots.place(zone, 1, warehouse=warehouse)
        await desk.tell(lots.gives(asked, ("L1", 1), expiry=date(2030, 3, 31), place=f"{warehouse}/A"))
        pick = lots.pick(zone, ("L1", 1)).model_copy(update={"location": f"{warehouse}/STAGE"})
        assert [str(refusal.code) for refusal in (await desk.ask(pick)).refusals] == codes


async def test_what_is_held_between_pick_and_dispatch_stays(desk: Desk, lots: Lots, http: AsyncClient) -> None:
    """A hold on a lot stops packing and dispatch until it is lifted; what is unpicked is served anew (S28)."""
    asked = await lots.allocated("SO-1", ("L1", 2))
    await desk.tell(lots.pick("SO-1", ("L1", 1)))
    await desk.tell(held(lots, asked.demand, "L1"))
    (back,) = desk.heard(StockDeallocated)
    assert ([float(part.quantity) for part in back.lots], back.again) == ([1], True)
    assert await desk.refused(lots.pack("SO-1", "C-1", ("L1", 1))) == [Code.HELD]
    (shown,) = (await http.get(f"/orders/{desk.no('SO-1')}")).json()["stock"]
    assert (shown["status"], shown["holds"]) == ("PICKED", ["recall"])
    await desk.tell(LotHoldLifted(sku=lots.sku, lot="L1", hold=desk.no("H"), reason="fine"))
    await desk.tell(lots.pack("SO-1", "C-1", ("L1", 1)))
    await desk.tell(CreateShipment(shipment=desk.no("SH"), cartons=[desk.no("C-1")]))
    await desk.tell(held(lots, asked.demand, "L1"))
    assert await desk.refused(Dispatch(shipment=desk.no("SH"))) == [Code.HELD]
    unpick = Unpick(order=desk.no("SO-1"), stock=lots.stock(("L1", 1)), location="EAST/A-1", reason="held")
    await desk.tell(unpick)
    assert [fact.again for fact in desk.heard(StockUnpicked)] == [True]


async def test_a_hold_on_two_cartons_stands_once_in_the_log(desk: Desk, lots: Lots) -> None:
    """However many piles of a lot an order has, its log says once how much of it was held (S22)."""
    asked = await lots.allocated("SO-1", ("L1", 2))
    await desk.tell(lots.pick("SO-1", ("L1", 2)))
    await desk.tell(lots.pack("SO-1", "C-1", ("L1", 1)), lots.pack("SO-1", "C-2", ("L1", 1)))
    await desk.tell(held(lots, asked.demand, "L1"))
    query = "SELECT detail -> 'stock' -> 0 ->> 'quantity' AS quantity FROM order_log WHERE order_id = :order"
    rows = await desk.rows(f"{query} AND what = 'held'", order=desk.no("SO-1"))
    assert [row["quantity"] for row in rows] == ["2"]


async def test_a_hold_that_comes_during_the_check_stops_it(desk: Desk, lots: Lots, http: AsyncClient) -> None:
    """Approved by its owner, held a moment later: our own copy says no before anything leaves (S28)."""
    address, asked = await lots.asked_to_leave("SO-1", ("L1", 2))
    (row,) = await desk.rows("SELECT demand FROM pile WHERE order_id = :order", order=desk.no("SO-1"))
    await desk.tell(held(lots, row["demand"], "L1"))
    await desk.tell(*lots.approves(asked))
    assert not desk.heard(DispatchDone)
    outcome = (await http.get(address)).json()
    assert (outcome["status"], [(no["code"], no["lot"]) for no in outcome["reasons"]]) == ("REFUSED", [("held", "L1")])


async def test_what_expired_before_the_check_is_refused_with_its_reason(
    desk: Desk, lots: Lots, http: AsyncClient
) -> None:
    """The owner's reasons stand at the dispatch's address; unpicked, the quantity is wanted anew (S28)."""
    address, (asked,) = await lots.asked_to_leave("SO-1", ("L1", 1), ("L2", 2))
    no = RefusedStock(line="1", sku=lots.sku, lot="L1", quantity=Decimal(1), code="expired", detail="on 2030-01-01")
    about = {"sku": lots.sku, "check": asked.check, "shipment": asked.shipment, "order": asked.order}
    await desk.tell(LotDispatchRefused(**about, orders=asked.orders, stock=[no]))
    outcome = (await http.get(address)).json()
    assert outcome["status"] == "REFUSED"
    assert outcome["reasons"] == [
        {"code": "expired", "detail": "on 2030-01-01", "sku": lots.sku, "serial": "", "lot": "L1"}
    ]
    await desk.tell(*lots.approves([asked]))
    assert not desk.heard(DispatchDone)
    unpick = Unpick(order=desk.no("SO-1"), stock=lots.stock(("L1", 1)), location="EAST/A-1", reason="expired")
    await desk.tell(unpick)
    assert [fact.again for fact in desk.heard(StockUnpicked)] == [True]


async def test_answers_about_other_quantities_are_disagreements(desk: Desk, lots: Lots) -> None:
    """Another quantity, lot or line than was asked about approves nothing."""
    _, (asked,) = await lots.asked_to_leave("SO-1", ("L1", 2))
    (approval,) = lots.approves([asked])
    for wrong in ({"quantity": Decimal(1)}, {"lot": "L2"}, {"line": "2"}):
        part = PackedStock.model_validate(asked.stock[0].model_dump() | wrong)
        await desk.tell(approval.model_copy(update={"stock": [part]}))
        assert not desk.heard(DispatchDone)
    await desk.tell(approval)
    assert desk.heard(DispatchDone)


@pytest.mark.usefixtures("lots")
async def test_a_unit_with_a_date_is_guarded_as_a_lot_is(desk: Desk) -> None:
    """Of a serial the owner told the expiry with it: past its day it is refused, given back, and another sought."""
    asked = await desk.place("SO-1", 1)
    given = desk.gives(asked, ["S1"])
    yesterday = Transaction.clock().date() - timedelta(days=2)
    unit = given.given[0].model_copy(update={"expiry": yesterday})
    await desk.tell(given.model_copy(update={"given": [unit]}))
    answer = await desk.ask(desk.pick("SO-1", "S1"))
    assert [refusal.code for refusal in answer.refusals] == [Code.EXPIRED]
    assert not await desk.rows("SELECT 1 FROM unit WHERE order_id = :order", order=desk.no("SO-1"))
