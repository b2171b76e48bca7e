"""Orders: placed, amended, cancelled, waiting for stock."""

from shared.contracts.commands.fulfillment import Pick, Unpick
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine, OrderLineCancelled
from tests.flows import invariants
from tests.flows.shop import SHELF, STAGE, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World


async def test_a_line_may_ask_for_particular_serials(shop: Shop) -> None:
    """A line that names serials gets exactly those, as soon as they are free, and no others (S08)."""
    await shop.product()
    await shop.stock(2)
    wanted = shop.serials(1)
    order = await shop.order(1, serials=wanted)
    await shop.heard("serials.events", shop.sku, "serial.allocated.v1", order=order, short=1)
    await shop.received(wanted)
    await shop.put_away(wanted)
    assert await shop.allocated(order, 1) == wanted


async def test_a_cancelled_order_releases_its_units(world: World, shop: Shop) -> None:
    """Cancelling an order returns its allocated units to stock, where they are free for others (S11)."""
    await shop.product()
    serials = await shop.stock(2)
    order = await shop.order(2)
    await shop.allocated(order, 2)
    await shop.cancelled(order)
    await shop.status(serials, "IN_INVENTORY")
    unit = await shop.unit(serials[0])
    assert (unit["order"], unit["location"]) == (None, SHELF)
    other = await shop.order(2)
    assert sorted(await shop.allocated(other, 2)) == sorted(serials)
    await world.refused(Pick(order=order, units=shop.units(serials), location=STAGE), "order_cancelled")


async def test_a_cancelled_line_releases_its_units(world: World, shop: Shop) -> None:
    """Cancelling one line returns its units alone; the order's other line keeps its own (S11)."""
    await shop.product()
    serials = await shop.stock(2)
    lines = [OrderLine(line=line, sku=shop.sku, quantity=1) for line in ("1", "2")]
    placed = shop.placed(1, lines=lines)
    await world.say(placed)
    rows = {row["line"]: row["serial"] for row in await shop.picks(placed.order, 2)}
    await world.say(OrderLineCancelled(order=placed.order, line="1"))
    await shop.status([rows["1"]], "IN_INVENTORY")
    assert await shop.allocated(placed.order, 1) == [rows["2"]]
    (event,) = await world.say(OrderLineCancelled(order=placed.order, line="9"))
    await world.rejection("fulfillment", event, "unknown_line", placed.order)
    assert set(serials) == set(rows.values())


async def test_a_cancel_frees_stock_for_those_who_wait(world: World, shop: Shop) -> None:
    """What a cancelled order gives back goes to the order that waits for it, in the same act (S11)."""
    await shop.product()
    serials = await shop.stock(1)
    first = await shop.order(1)
    await shop.allocated(first, 1)
    second = await shop.order(1)
    await shop.heard("serials.events", shop.sku, "serial.allocated.v1", order=second, short=1)
    await shop.cancelled(first)
    assert await shop.allocated(second, 1) == serials
    await world.quiet()
    await invariants.hold(world, [shop.sku])


async def test_a_picked_unit_of_a_cancelled_order_waits_for_its_unpick(world: World, shop: Shop) -> None:
    """A cancel leaves a picked unit PICKED until somebody has put it back; then others may have it (S11, S12)."""
    await shop.product()
    serials = await shop.stock(1)
    order = await shop.order(1)
    await shop.picked(order, await shop.allocated(order, 1))
    await shop.status(serials, "PICKED")
    await shop.cancelled(order)
    waiting = await shop.order(1)
    await world.quiet()
    await shop.status(serials, "PICKED")
    assert await shop.picks(waiting, 0) == []
    await world.do(Unpick(order=order, units=shop.units(serials), location=SHELF, reason="cancelled"))
    assert await shop.allocated(waiting, 1) == serials


async def test_back_orders_allowed_refused_or_complete(world: World, shop: Shop) -> None:
    """A shortfall waits, is dropped, or keeps the whole order from its pick list, as the order says."""
    await shop.product()
    await shop.stock(1, sku=shop.sku)
    complete = await shop.order(2, backorders="SHIP_COMPLETE")
    await shop.heard("serials.events", shop.sku, "serial.allocated.v1", order=complete)
    await world.quiet()
    assert await shop.picks(complete, 0) == []
    (given,) = await world.rows("serials", "SELECT serial FROM serial_state WHERE order_id = $1", complete)
    pick = Pick(order=complete, units=shop.units([given["serial"]]), location=STAGE)
    await world.refused(pick, "not_released")
    dropped = await shop.order(1, backorders="REFUSED")
    await shop.heard("serials.events", shop.sku, "serial.allocated.v1", order=dropped, short=1, closed=True)
    await shop.stock(1)
    assert len(await shop.allocated(complete, 2)) == 2
    await shop.stock(1)
    await world.quiet()
    assert await shop.picks(dropped, 0) == []


async def test_an_order_is_amended(world: World, shop: Shop) -> None:
    """More is asked for beside what stands, less gives back; what was picked cannot be taken away."""
    await shop.product()
    await shop.stock(3)
    order = await shop.order(2)
    first = await shop.allocated(order, 2)
    await world.say(OrderAmended(order=order, lines=[OrderLine(line="10", sku=shop.sku, quantity=3)]))
    assert set(await shop.allocated(order, 3)) > set(first)
    await world.say(OrderAmended(order=order, lines=[OrderLine(line="10", sku=shop.sku, quantity=1)]))

    async def one_left() -> list[str]:
        return await shop.allocated(order, 1)

    await shop.picked(order, await eventually(one_left))
    less = OrderAmended(order=order, lines=[OrderLine(line="10", sku="OTHER", quantity=1)])
    (event,) = await world.say(less)
    await world.rejection("fulfillment", event, "document_mismatch", order)
    more = OrderAmended(
        order=order,
        lines=[OrderLine(line="10", sku=shop.sku, quantity=2), OrderLine(line="20", sku=shop.sku, quantity=1)],
    )
    await world.say(more)
    assert {row["line"] for row in await shop.picks(order, 2)} == {"10", "20"}
    await world.quiet()
    await invariants.hold(world, [shop.sku])


async def test_an_order_over_http_is_the_same_order(world: World, shop: Shop) -> None:
    """An order placed, and cancelled, over HTTP runs the same way as from the OMS: 201, and its address."""
    await shop.product()
    serials = await shop.stock(1)
    placed = shop.placed(1)
    answer = await world.command(placed)
    assert answer.status_code == 201, answer.text
    await shop.allocated(placed.order, 1)
    shown = await world.read("fulfillment", f"/orders/{placed.order}")
    assert (shown["status"], shown["customer_name"], shown["ship_to"]) == ("OPEN", "Clinic 1", "1 Harbour Street")
    await world.do(OrderCancelled(order=placed.order))
    await shop.status(serials, "IN_INVENTORY")
    assert (await world.read("fulfillment", f"/orders/{placed.order}"))["status"] == "CANCELLED"
