"""Orders of lots and of untracked products, against a real database and over HTTP."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from httpx import AsyncClient

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch, Unpick
from shared.contracts.counted import PackedStock
from shared.contracts.fulfillment import (
    AllocationRequested,
    CartonPacked,
    DispatchDone,
    DispatchRequested,
    OrderChanged,
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
    SkippedStock,
)
from shared.contracts.problems import Code
from shared.contracts.reference import LocationChanged, WarehouseChanged
from shared.contracts.upstream import CustomerLife, OrderLine
from shared.database import Transaction
from tests.fulfillment.counted import FAR, Lots
from tests.fulfillment.desk import Desk, outbox, post


@pytest.fixture
async def lots(desk: Desk) -> Lots:
    """Counted goods at the desk."""
    return await Lots(desk).furnish()


def held(lots: Lots, demand: str, lot: str) -> LotHeld:
    """A hold on a lot of which the first order has some."""
    stock = HeldStock(order=lots.desk.no("SO-1"), line="1", demand=demand, lot=lot, quantity=Decimal(1))
    return LotHeld(sku=lots.sku, lot=lot, hold=lots.desk.no("H"), reason="recall", stock=[stock])


async def test_a_mixed_order_over_http(desk: Desk, lots: Lots, http: AsyncClient) -> None:
    """Serials, lots and untracked goods are picked, packed and shipped together, each shown by what it is.

    The pick list shows lot, expiry, place and quantity in the order of the walk (S19, S27); the shipment leaves when
    both owners have approved all of its content (S10, S21, S28).
    """
    await desk.tell(LocationChanged(location="EAST/A-0", version=1, type="STORAGE", pick_sequence=1))
    others = (OrderLine(line="2", sku=desk.sku, quantity=Decimal(1)), OrderLine(line="3", sku=lots.loose, quantity=2))
    await desk.tell(lots.order("SO-1", "2.5", *others))
    counted, serial, loose = desk.heard(AllocationRequested)
    skipped = [SkippedStock(lot="OLD", quantity=Decimal(3), reason="expired")]
    await desk.tell(
        lots.gives(counted, ("L1", 1), ("L2", "1.5"), expiry=date(2199, 5, 1), skipped=skipped),
        desk.gives(serial, ["S1"]),
        lots.gives(loose, ("", 2), place="EAST/A-0", expiry=None),
    )
    name, units = desk.no("SO-1"), [{"sku": desk.sku, "serial": "S1"}]
    walk = (await http.get(f"/orders/{name}/picks")).json()["items"]
    assert [(one["location"], one["serial"], one["lot"], one["expiry"], one["quantity"]) for one in walk] == [
        ("EAST/A-0", None, "", None, 2),
        ("EAST/A-1", None, "L1", "2199-05-01", 1),
        ("EAST/A-1", None, "L2", "2199-05-01", 1.5),
        ("EAST/A-1", "S1", None, None, 1),
    ]
    stock = [
        {"sku": lots.sku, "lot": "L1", "quantity": 1},
        {"sku": lots.sku, "lot": "L2", "quantity": 1.5},
        {"sku": lots.loose, "quantity": 2},
    ]
    picked = await post(http, "/picks", {"order": name, "units": units, "stock": stock, "location": "EAST/STAGE"})
    assert [(one["lot"], one["quantity"], one["line"]) for one in picked.json()["stock"]] == [
        ("L1", 1, "1"), ("L2", 1.5, "1"), ("", 2, "3"),
    ]  # fmt: skip
    carton, shipment = desk.no("C-1"), desk.no("SH-1")
    await post(http, "/packs", {"order": name, "carton": carton, "units": units, "stock": stock})
    box = (await http.get(f"/cartons/{carton}")).json()
    assert sorted((one["lot"], one["quantity"]) for one in box["stock"]) == [("", 2), ("L1", 1), ("L2", 1.5)]
    await post(http, "/shipments", {"shipment": shipment, "cartons": [carton]})
    answer = await desk.ask(Dispatch(shipment=shipment))
    (asked,) = desk.heard(DispatchRequested)
    assert (len(asked.units), len(asked.stock)) == (1, 3)
    await desk.tell(*desk.approves([asked]))
    first, second = lots.approves([asked])
    await desk.tell(first)
    assert not desk.heard(DispatchDone)
    await desk.tell(second)
    (done,) = desk.heard(DispatchDone)
    assert (done.customer_name, done.contact, len(done.units), len(done.stock)) == ("Ann", "+49 40 1", 1, 3)
    assert (await http.get(answer.address or "")).json()["status"] == "DISPATCHED"
    (box,) = (await http.get(f"/shipments/{shipment}")).json()["cartons"]
    assert {one["status"] for one in box["stock"] + box["units"]} == {"SHIPPED"}
    shown = (await http.get(f"/orders/{name}")).json()
    assert (shown["status"], [line["shipped"] for line in shown["lines"]]) == ("COMPLETE", [2.5, 1, 2])
    assert [(one["lot"], one["status"], one["shipment"]) for one in shown["stock"]] == [
        ("L1", "SHIPPED", shipment), ("L2", "SHIPPED", shipment), ("", "SHIPPED", shipment),
    ]  # fmt: skip
    assert shown["demands"][0]["outcome"] == f"3 of {lots.sku} lot OLD expired"
    log = (await http.get(f"/orders/{name}/log")).json()["items"]
    (last,) = [entry for entry in log if entry["what"] == "dispatched"]
    assert {"sku": lots.sku, "lot": "L2", "quantity": 1.5} in last["detail"]["stock"]


async def test_parts_are_picked_packed_and_put_back(desk: Desk, lots: Lots) -> None:
    """A pile splits in the database as its parts go different ways, and is one again when they meet (S12, S20)."""
    await lots.allocated("SO-1", ("L1", 10))
    rows = "SELECT status, carton IS NOT NULL AS packed, quantity FROM pile WHERE order_id = :order ORDER BY 1, 2"

    async def piles() -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in await desk.rows(rows, order=desk.no("SO-1"))]

    await desk.tell(lots.pick("SO-1", ("L1", 3)))
    await desk.tell(lots.pick("SO-1", ("L1", "1.5")))
    assert await piles() == [("ALLOCATED", False, 5.5), ("PICKED", False, 4.5)]
    await desk.tell(lots.pack("SO-1", "C-1", ("L1", 1)), lots.pack("SO-1", "C-1", ("L1", 1)))
    (content, *_) = desk.heard(CartonPacked)[::-1]
    assert [float(part.quantity) for part in content.stock] == [2]
    assert await piles() == [("ALLOCATED", False, 5.5), ("PICKED", False, 2.5), ("PICKED", True, 2)]
    back = Unpick(order=desk.no("SO-1"), stock=lots.stock(("L1", "4.5")), location="EAST/A-1", reason="wrong")
    await desk.tell(back)
    (unpicked,) = desk.heard(StockUnpicked)
    assert ([float(part.quantity) for part in unpicked.lots], unpicked.again) == ([4.5], True)
    assert await piles() == [("ALLOCATED", False, 5.5)]
    (changed,) = desk.heard(OrderChanged)
    assert (changed.lines[0].allocated, changed.lines[0].picked, changed.lines[0].short) == (5.5, 0, 4.5)


async def test_the_lot_to_take_is_named(desk: Desk, lots: Lots, http: AsyncClient) -> None:
    """An unknown lot, a lot of another product, no lot at all: 409 with the lot to take instead (S02, S20)."""
    await lots.allocated("SO-1", ("L1", 2))
    other = Lots(desk)
    other.sku = desk.no("OTHER")
    await other.furnish()
    for sku, lot, suggested in ((lots.sku, "L9", ["L1"]), (lots.sku, "", ["L1"]), (other.sku, "L1", None)):
        stock = [{"sku": sku, "lot": lot, "quantity": 1}]
        answer = await post(http, "/picks", {"order": desk.no("SO-1"), "stock": stock, "location": "EAST/STAGE"})
        assert (answer.status_code, answer.json()["code"]) == (409, "not_allocated_here")
        assert answer.json().get("suggested") == suggested
    assert "L1 at EAST/A-1" in answer.json()["detail"] or "no " in answer.json()["detail"]


@pytest.mark.parametrize("quantity", [0, -1, 10**15, "1.0000001", "many", None])
async def test_quantities_of_lots_that_cannot_be(desk: Desk, lots: Lots, http: AsyncClient, quantity: Any) -> None:
    """Nought, negative, absurd, too fine: 400, and nothing happens (S20)."""
    await lots.allocated("SO-1", ("L1", 2))
    body = {"order": desk.no("SO-1"), "stock": [{"sku": lots.sku, "lot": "L1", "quantity": quantity}]}
    answer = await post(http, "/picks", body | {"location": "EAST/STAGE"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_at_most_500_lots_in_a_message(desk: Desk, lots: Lots, http: AsyncClient) -> None:
    """501 entries are too many, nothing at all too few; 500 are looked at one by one."""
    one = {"sku": lots.sku, "lot": "L1", "quantity": 1}
    body = {"order": desk.no("SO-1"), "location": "EAST/STAGE"}
    for stock in ([one] * 501, []):
        assert (await post(http, "/picks", body | {"stock": stock})).json()["code"] == "malformed"
    await lots.allocated("SO-1", ("L1", 499))
    answer = await post(http, "/picks", body | {"stock": [one] * 500})
    assert [no["code"] for no in answer.json()["refused"]] == ["not_enough"]


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


async def test_an_exchange_of_a_lot_ends_in_its_outcome(desk: Desk, lots: Lots, http: AsyncClient) -> None:
    """202 with an address: under way, then done, in part perhaps, or failed with the reason."""
    for name, given, status in (("SO-1", [("L9", 2)], "DONE"), ("SO-2", [("L9", 1)], "DONE"), ("SO-3", [], "FAILED")):
        await lots.allocated(name, ("L1", 3))
        stock = {"sku": lots.sku, "lot": "L1", "quantity": 2}
        body = {"order": desk.no(name), "stock": stock, "instead": "L9", "reason": "customer asked"}
        answer = await post(http, "/stock-exchanges", body)
        assert answer.status_code == 202
        address = answer.headers["Location"]
        assert (await http.get(address)).json()["status"] == "UNDER_WAY"
        asked = AllocationRequested.model_validate((await outbox(desk, "allocation.requested.v1"))["data"])
        assert asked.demand == answer.json()["exchange"]
        await desk.tell(lots.gives(asked, *given, closed=True))
        outcome = (await http.get(address)).json()
        has = (outcome["status"], outcome["lot"], outcome["instead"], outcome["quantity"], outcome["given"])
        assert has == (status, "L1", "L9", 2, sum(quantity for _, quantity in given))
        short = 2 - sum(quantity for _, quantity in given)
        assert [float(more.quantity) for more in desk.heard(AllocationRequested)] == ([short] if short else [])


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


async def test_an_order_that_ships_complete_waits_for_its_lots(desk: Desk, lots: Lots, http: AsyncClient) -> None:
    """Nothing is on the pick list, and nothing is picked, while a counted line is short."""
    asked = await lots.place("SO-1", 3, backorders="SHIP_COMPLETE")
    await desk.tell(lots.gives(asked, ("L1", "2.5")))
    assert (await http.get(f"/orders/{desk.no('SO-1')}/picks")).json()["items"] == []
    assert await desk.refused(lots.pick("SO-1", ("L1", 1))) == [Code.NOT_RELEASED]
    rest = asked.model_copy(update={"quantity": Decimal("0.5")})
    await desk.tell(lots.gives(rest, ("L2", "0.5"), expiry=FAR))
    answer = await desk.ask(lots.pick("SO-1", ("L1", "2.5"), ("L2", "0.5")))
    assert not answer.refusals
