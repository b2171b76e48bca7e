"""The walking skeleton: one announced unit is seen by every service and on every topic, through kills and replays."""

from tests.flows import maps
from tests.flows.invariants import fingerprint
from tests.flows.shop import Shop
from tests.flows.world import World


async def test_an_announced_unit_is_expected_everywhere(world: World, shop: Shop) -> None:
    """An ASN's serial goes from the ERP's topic through receiving and its events to the registry: EXPECTED (S05)."""
    await shop.product()
    (serial,) = serials = shop.serials(1)
    receipt = await shop.announced(serials)
    (plan,) = await shop.heard("receiving.events", receipt, "receipt.planned.v1")
    assert plan["data"]["serials"] == serials
    (moved,) = await shop.heard("serials.events", shop.sku, "serial.moved.v1", serials=serials)
    assert (moved["data"].get("from_status"), moved["data"]["status"]) == (None, "EXPECTED")
    assert moved["data"]["cause"] == {"source": plan["source"], "id": plan["id"]}
    assert (await shop.unit(serial))["status"] == "EXPECTED"
    for service in ("serials", "fulfillment", "lots"):
        rows = await world.rows(service, "SELECT tracking FROM product WHERE sku = $1", shop.sku)
        assert [row["tracking"] for row in rows] == ["SERIAL"], service


async def test_each_service_killed_and_its_topics_replayed(world: World, shop: Shop) -> None:
    """Every service is killed and reads all its topics again from the beginning: no row of the state differs."""
    await shop.product()
    serials = await shop.stock(3)
    waiting, picked = await shop.order(1), await shop.order(1)
    await shop.picked(picked, await shop.allocated(picked, 1))
    await shop.allocated(waiting, 1)
    await world.quiet()
    before = await fingerprint(world)
    for service in world.services:
        world.services[service].kill()
    for service in world.services:
        await world.rewind(service, maps.topics(service))
    await world.start(*world.services)
    await world.quiet()
    assert await fingerprint(world) == before
    order = await shop.order(1)
    assert set(await shop.allocated(order, 1)) < set(serials)


async def test_work_goes_on_where_a_kill_interrupted_it(world: World, shop: Shop) -> None:
    """Orders placed while serials and fulfillment are being killed are allocated in the end, each unit once (S08)."""
    await shop.product()
    serials = await shop.stock(20)
    orders = []
    for number in range(20):
        orders.append(await shop.order(1))
        if number == 5:
            world.services["serials"].kill()
        if number == 10:
            world.services["fulfillment"].kill()
            await world.start("serials", "fulfillment")
    given = [serial for order in orders for serial in await shop.allocated(order, 1)]
    assert sorted(given) == sorted(serials)
