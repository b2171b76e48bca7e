"""A unit's life in the registry: its six statuses, where it may lie, who gets it."""

from services.serials.units.domain.transitions import STATUSES
from shared.contracts.commands.serials import Adjust, Hold, Lift, Move, PutAway
from tests.flows import invariants
from tests.flows.shop import DOCK, ELSEWHERE, OTHER_SHELF, SHELF, WAREHOUSE, Shop
from tests.flows.waiting import eventually
from tests.flows.world import Json, World


def moves(world: World, sku: str, serial: str) -> list[tuple[str | None, str]]:
    """The statuses a unit went through, as everybody was told."""
    return [
        (event["data"].get("from_status"), event["data"]["status"])
        for event in world.listener.heard("serials.events", sku, "serial.moved.v1")
        if serial in event["data"]["serials"]
    ]


async def test_the_six_statuses_in_their_order(world: World, shop: Shop) -> None:
    """A unit goes EXPECTED → RECEIVED → IN_INVENTORY → ALLOCATED → PICKED → SHIPPED, and by no other way (S04)."""
    await shop.product()
    (serial,) = serials = await shop.stock(1)
    order = await shop.order(1)
    await shop.allocated(order, 1)
    await shop.shipped(order, serials)
    await shop.status(serials, "SHIPPED")
    assert STATUSES == ("EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED", "SHIPPED")

    async def told() -> bool:
        return moves(world, shop.sku, serial) == list(zip((None, *STATUSES[:-1]), STATUSES, strict=True))

    await eventually(told)
    await world.quiet()
    await invariants.hold(world, [shop.sku])


async def test_putaway_is_what_makes_a_unit_available(world: World, shop: Shop) -> None:
    """A received unit becomes IN_INVENTORY by a putaway to storage in its warehouse, and by nothing else (S07)."""
    await shop.product()
    serials = shop.serials(1)
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    for location, code in (
        (DOCK, "wrong_location_type"),
        (ELSEWHERE, "wrong_warehouse"),
        (f"{WAREHOUSE}/NOWHERE", "unknown_location"),
    ):
        await world.refused(PutAway(sku=shop.sku, serials=serials, location=location), code)
        await world.refused(Move(sku=shop.sku, serials=serials, location=SHELF), "wrong_location_type")
    await shop.status(serials, "RECEIVED")
    await shop.put_away(serials)
    unit = await shop.unit(serials[0])
    assert (unit["status"], unit["location"], unit["warehouse"]) == ("IN_INVENTORY", SHELF, WAREHOUSE)


async def test_stock_is_moved_between_places(world: World, shop: Shop) -> None:
    """A free unit is moved to another storage place; one that an order has is refused, and names the order (S36)."""
    await shop.product()
    free, taken = serials = await shop.stock(2)
    order = await shop.order(1, serials=[taken])
    await shop.allocated(order, 1)
    await world.do(Move(sku=shop.sku, serials=[free], location=OTHER_SHELF))
    assert (await shop.unit(free))["location"] == OTHER_SHELF
    problem = await world.refused(Move(sku=shop.sku, serials=[taken], location=OTHER_SHELF), "not_free")
    assert problem["blocked_by"] == [f"/orders/{order}"]
    assert (await shop.unit(taken))["location"] == SHELF
    assert len(serials) == 2


async def test_an_allocated_unit_knows_its_order_and_line(shop: Shop) -> None:
    """An ALLOCATED unit is reserved for one order and line, and no other order gets it (S08)."""
    await shop.product()
    (serial,) = await shop.stock(1)
    order = await shop.order(1)
    await shop.allocated(order, 1)
    unit = await shop.unit(serial)
    assert (unit["status"], unit["order"], unit["order_line"]) == ("ALLOCATED", order, "10")
    second = await shop.order(1)
    await shop.heard("serials.events", shop.sku, "serial.allocated.v1", order=second)
    assert await shop.picks(second, 0) == []


async def test_earliest_receipt_is_given_first(shop: Shop) -> None:
    """Of several free units an order gets those that were received first, then by serial."""
    await shop.product()
    first, second = await shop.stock(1), await shop.stock(2)
    order = await shop.order(2)
    assert sorted(await shop.allocated(order, 2)) == [*first, *sorted(second)[:1]]


async def test_a_back_order_is_filled_by_a_later_putaway(shop: Shop) -> None:
    """A line short of stock waits, and is served in the same act that frees stock: priority first, then age (S08)."""
    await shop.product()
    late, urgent = await shop.order(1, priority=1), await shop.order(1, priority=9)
    await shop.heard("serials.events", shop.sku, "serial.allocated.v1", order=urgent)
    await shop.heard("serials.events", shop.sku, "serial.allocated.v1", order=late)
    (first,) = await shop.stock(1)
    assert await shop.allocated(urgent, 1) == [first]
    (second,) = await shop.stock(1)
    assert await shop.allocated(late, 1) == [second]


async def test_unknown_units_and_holds(world: World, shop: Shop) -> None:
    """A command on a unit nobody knows is not_yet_known, a lift of an unknown hold unknown_hold: nothing is made up."""
    await shop.product()
    for command in (
        Move(sku=shop.sku, serials=["U-?"], location=SHELF),
        Hold(sku=shop.sku, serials=["U-?"], hold="H", reason="r"),
        Adjust(sku=shop.sku, serials=["U-?"], adjustment="LOST", reason="r"),
    ):
        body: Json = command.model_dump(mode="json", exclude_none=True)
        answer = await world.post("serials", f"/{command.TYPE.split('.')[1]}s".replace("adjusts", "adjustments"), body)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_yet_known"), answer.text
        assert answer.headers["Retry-After"]
    await world.refused(Lift(sku=shop.sku, hold="H-?", reason="r"), "unknown_hold")
    assert not await world.rows("serials", "SELECT 1 FROM serial WHERE sku = $1", shop.sku)
