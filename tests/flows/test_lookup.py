"""The serial number lookup: by part, product, status and place; everything about a unit, and where it has been."""

from datetime import datetime

from shared.contracts.commands.serials import Move
from shared.contracts.serials import Status
from tests.flows.shop import DOCK, ELSEWHERE, OTHER_SHELF, SHELF, STAGE, WAREHOUSE, Shop
from tests.flows.world import World


async def found(world: World, **filters: str) -> list[str]:
    """The serials that a search finds, page by page."""
    serials: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await world.read("serials", "/serials", limit=3, **filters, **cursor)
        serials += [unit["serial"] for unit in page["items"]]
        if page["next"] is None:
            return serials
        cursor = {"cursor": page["next"]}


async def every_status(shop: Shop) -> dict[Status, str]:
    """One unit in each status."""
    await shop.product()
    expected, received, stored, allocated, picked, shipped = shop.serials(6)
    await shop.announced([expected])
    await shop.received([received])
    await shop.received([allocated, picked, shipped])
    await shop.put_away([allocated, picked, shipped])
    orders = {serial: await shop.order(1, serials=[serial]) for serial in (allocated, picked, shipped)}
    for serial, order in orders.items():
        assert await shop.allocated(order, 1) == [serial]
    await shop.received([stored])
    await shop.put_away([stored])
    await shop.picked(orders[picked], [picked])
    await shop.shipped(orders[shipped], [shipped])
    units: dict[Status, str] = {
        "EXPECTED": expected, "RECEIVED": received, "IN_INVENTORY": stored, "ALLOCATED": allocated,
        "PICKED": picked, "SHIPPED": shipped,
    }  # fmt: skip
    for status, serial in units.items():
        await shop.status([serial], status)
    return units


async def test_search_by_part_or_whole(world: World, shop: Shop) -> None:
    """A serial is found by its whole text and by any part of 3 characters or more, in either case (S31)."""
    await shop.product()
    serials = await shop.stock(4)
    whole = serials[0]
    for needle in (whole, whole.lower(), whole[2:], whole[3:-1], shop.token[:3], shop.token.lower()):
        hits = await found(world, q=needle, sku=shop.sku)
        assert whole in hits, needle
        assert hits == sorted(serial for serial in serials if needle.lower() in serial.lower()), needle
    assert await found(world, q=shop.token) == sorted(serials)
    assert await found(world, q=whole + "X") == []


async def test_a_short_needle_is_a_beginning(world: World, shop: Shop) -> None:
    """One or two characters are looked for at the beginning of a serial (S31)."""
    await shop.product()
    serials = [f"qz-{shop.token}", f"QZ-{shop.token}", f"aqz-{shop.token}"]
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    assert sorted(await found(world, q="Qz", sku=shop.sku)) == sorted(serials[:2])
    assert sorted(await found(world, q="a", sku=shop.sku)) == serials[2:]


async def test_signs_in_a_needle_mean_themselves(world: World, shop: Shop) -> None:
    """Percent, underscore and backslash are looked for as they are: they are no wildcards (S31)."""
    await shop.product()
    serials = [f"{sign}{shop.token}" for sign in ("50%", "5_0", "5\\0", "5x0", "'--", "%%%")]
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    for serial in serials:
        for needle in (serial[:3], serial, serial[:2], serial[1:]):
            expected = sorted(
                other
                for other in serials
                if (needle.lower() in other.lower() if len(needle) > 2 else other.lower().startswith(needle.lower()))
            )
            assert await found(world, q=needle, sku=shop.sku) == expected, needle


async def test_filter_by_product(world: World, shop: Shop) -> None:
    """A product's units are listed alone, even where another's carry the same serials (S32)."""
    await shop.product()
    serials = await shop.stock(2)
    other = await shop.product(shop.no("P"))
    await shop.received(serials[:1], sku=other)
    await shop.status(serials[:1], "RECEIVED", other)
    assert await found(world, sku=shop.sku) == sorted(serials)
    assert await found(world, sku=other) == serials[:1]
    assert await found(world, sku="SKU-?") == []


async def test_filter_by_each_status(world: World, shop: Shop) -> None:
    """Each of the six statuses filters, and all six are counted (S33)."""
    units = await every_status(shop)
    for status, serial in units.items():
        assert await found(world, sku=shop.sku, status=status) == [serial]
        assert serial in await found(world, q=shop.token, status=status)
    counts = await world.read("serials", "/serials/counts", sku=shop.sku)
    assert {status: count["units"] for status, count in counts.items()} == dict.fromkeys(units, 1)
    counts = await world.read("serials", "/serials/counts", q=shop.token)
    assert {status: count["units"] for status, count in counts.items()} == dict.fromkeys(units, 1)
    answer = await world.get("serials", "/serials", status="LOST")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_filter_by_place_order_and_hold(world: World, shop: Shop) -> None:
    """Warehouse, location, order and hold narrow the list (S31, S35)."""
    await shop.product()
    here, there = [*await shop.stock(1, SHELF), *await shop.stock(1, OTHER_SHELF)]
    order = await shop.order(1, serials=[there])
    await shop.allocated(order, 1)
    await shop.hold([here])
    assert await found(world, sku=shop.sku, warehouse=WAREHOUSE) == sorted([here, there])
    assert await found(world, sku=shop.sku, warehouse="WEST") == []
    assert await found(world, sku=shop.sku, location=SHELF) == [here]
    assert await found(world, sku=shop.sku, location=ELSEWHERE) == []
    assert await found(world, order=order) == [there]
    assert await found(world, sku=shop.sku, held="true") == [here]
    assert await found(world, sku=shop.sku, held="false") == [there]


async def test_any_serial_opens_everything_about_it(world: World, shop: Shop) -> None:
    """A unit shows its product, place, papers, holds and its whole history, in whatever status it is (S34)."""
    units = await every_status(shop)
    for status, serial in units.items():
        unit = await shop.unit(serial)
        assert (unit["sku"], unit["product"], unit["serial"], unit["status"]) == (
            shop.sku, "Infusion pump", serial, status,
        )  # fmt: skip
        assert len(unit["history"]) == unit["version"]
        assert unit["history"][-1]["status"] == status
        assert unit["receipt"]
        assert datetime.fromisoformat(unit["known_at"])
    hold = await shop.hold([units["IN_INVENTORY"]])
    (shown,) = (await shop.unit(units["IN_INVENTORY"]))["holds"]
    assert (shown["hold"], shown["reason"], shown["actor"]) == (hold, "suspected", "sue")
    answer = await world.get("serials", f"/serials/{shop.sku}/{units['SHIPPED'].lower()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown")


async def test_where_a_unit_is_now(shop: Shop) -> None:
    """A unit in the house shows its location and warehouse: dock, shelf, stage; one that is not, none (S35)."""
    units = await every_status(shop)
    places = {
        "EXPECTED": (None, WAREHOUSE), "RECEIVED": (DOCK, WAREHOUSE), "IN_INVENTORY": (SHELF, WAREHOUSE),
        "ALLOCATED": (SHELF, WAREHOUSE), "PICKED": (STAGE, WAREHOUSE), "SHIPPED": (None, None),
    }  # fmt: skip
    for status, serial in units.items():
        unit = await shop.unit(serial)
        assert (unit["location"], unit["warehouse"]) == places[status], status


async def test_movement_history(world: World, shop: Shop) -> None:
    """Every movement is kept with where from, where to, who, when and why: the audit trail of movements (S36)."""
    await shop.product()
    (serial,) = await shop.stock(1)
    await world.do(Move(sku=shop.sku, serials=[serial], location=OTHER_SHELF), actor="mia")
    await shop.hold([serial])
    order = await shop.order(1)
    history = await world.read("serials", f"/serials/{shop.sku}/{serial}/history", movements="true")
    trail = [(step["from_location"], step["location"], step["actor"]) for step in history["items"]]
    assert trail == [(None, DOCK, "ann"), (DOCK, SHELF, "ben"), (SHELF, OTHER_SHELF, "mia")]
    times = [datetime.fromisoformat(step["recorded_at"]) for step in history["items"]]
    assert times == sorted(times)
    assert all(step["reason"] for step in history["items"])
    first = await world.read("serials", f"/serials/{shop.sku}/{serial}/history", movements="true", limit=1)
    rest = await world.read("serials", f"/serials/{shop.sku}/{serial}/history", movements="true", cursor=first["next"])
    assert [*first["items"], *rest["items"]] == history["items"]
    assert order


async def test_pages_neither_skip_nor_repeat(world: World, shop: Shop) -> None:
    """A list read page by page while units change and are added shows each of the first ones once (S31)."""
    await shop.product()
    serials = sorted(await shop.stock(12))
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = await world.read("serials", "/serials", sku=shop.sku, limit=3, **cursor)
        seen += [unit["serial"] for unit in page["items"]]
        cursor = {"cursor": page["next"]}
        await world.do(Move(sku=shop.sku, serials=[page["items"][0]["serial"]], location=OTHER_SHELF))
    assert seen == serials
