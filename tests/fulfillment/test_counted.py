"""Orders of lots and of untracked products, against a real database and over HTTP."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from httpx import AsyncClient

from shared.contracts.commands.fulfillment import Dispatch, Unpick
from shared.contracts.fulfillment import (
    AllocationRequested,
    CartonPacked,
    DispatchDone,
    DispatchRequested,
    OrderChanged,
    StockUnpicked,
)
from shared.contracts.lots import (
    SkippedStock,
)
from shared.contracts.problems import Code
from shared.contracts.reference import LocationChanged
from shared.contracts.upstream import OrderLine
from tests.fulfillment.counted import FAR, Lots
from tests.fulfillment.desk import Desk, outbox, post


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


async def test_an_exchange_of_a_lot_ends_in_its_outcome(desk: Desk, lots: Lots, http: AsyncClient) -> None:
    """202 with an address: under way, then done, in part perhaps, or failed with the reason."""
    for name, given, status in (("SO-1", [("L9", 2)], "DONE"), ("SO-2", [("L9", 1)], "DONE"), ("SO-3", [], "FAILED")):
        await lots.allocated(name, ("L1", 3))
        stock = {"sku": lots.sku, "lot": "L1", "quantity": 2}
        body = {"order": desk.no(name), "stock": stock, "instead": "L9", "reason": "customer asked"}
        answer = await post(http, "/lot-swaps", body)
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
