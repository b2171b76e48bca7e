"""Acts of more units than one message holds: cut into messages of 500, and whole in the end."""

from shared.contracts.commands.fulfillment import Pack, Pick
from shared.contracts.commands.receiving import CloseReceipt
from shared.contracts.commands.serials import PutAway
from shared.contracts.envelope import chunks
from tests.flows import invariants
from tests.flows.shop import SHELF, STAGE, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World

MANY = 1_100


async def all_are(world: World, shop: Shop, status: str) -> None:
    """Wait until every unit of the product is in a status."""

    async def look() -> bool:
        query = "SELECT status::text, count(*) FROM serial_state WHERE sku = $1 GROUP BY 1"
        rows = await world.rows("serials", query, shop.sku)
        assert [(row["status"], row["count"]) for row in rows] == [(status, MANY)], rows
        return True

    await eventually(look)


async def test_eleven_hundred_units_live_and_leave(world: World, shop: Shop) -> None:
    """1 100 units are received on one line, ordered by one line, picked, packed and shipped as one shipment (S21)."""
    await shop.product()
    serials = [f"{shop.token}-{number:04}" for number in range(MANY)]
    receipt = await shop.announced([], quantity=MANY)
    for run in chunks(serials):
        await world.do(shop.scan(receipt, run))
    assert (await shop.confirm(receipt))["units"] == MANY
    await all_are(world, shop, "RECEIVED")
    await world.do(CloseReceipt(receipt=receipt))
    for run in chunks(serials):
        await world.say(PutAway(sku=shop.sku, serials=list(run), location=SHELF))
    await all_are(world, shop, "IN_INVENTORY")
    order = await shop.order(MANY)
    assert sorted(await shop.allocated(order, MANY)) == serials
    for run in chunks(serials):
        await world.do(Pick(order=order, units=shop.units(run), location=STAGE))
    await all_are(world, shop, "PICKED")
    cartons = []
    for run in chunks(serials):
        cartons.append(shop.no("CT"))
        await world.do(Pack(order=order, carton=cartons[-1], units=shop.units(run)))
    outcome = await shop.dispatched(await shop.shipment(*cartons))
    assert (outcome["status"], outcome["asked"], outcome["approved"]) == ("DISPATCHED", MANY, MANY)
    await all_are(world, shop, "SHIPPED")
    assert len(world.listener.heard("fulfillment.events", order, "dispatch.done.v1")) == 3
    await world.quiet()
    await invariants.hold(world, [shop.sku])


async def test_a_long_order_is_cancelled(world: World, shop: Shop) -> None:
    """1 100 units of a cancelled order are free again, and an order that waits gets its share at once (S11)."""
    await shop.product()
    receipt = await shop.announced([], quantity=MANY)
    serials = [f"{shop.token}-{number:04}" for number in range(MANY)]
    for run in chunks(serials):
        await world.do(shop.scan(receipt, run))
    await shop.confirm(receipt)
    await all_are(world, shop, "RECEIVED")
    first, second = await shop.order(MANY), await shop.order(600)
    for run in chunks(serials):
        await shop.put_away(run)
    await all_are(world, shop, "ALLOCATED")
    await shop.cancelled(first)
    assert len(await shop.allocated(second, 600)) == 600
    await world.quiet()
    await invariants.hold(world, [shop.sku])
