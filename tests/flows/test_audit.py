"""The audit trail: every transition with who, when, where, why and which document; replayed, it is the state."""

from datetime import UTC, datetime

from tests.flows import invariants
from tests.flows.shop import DOCK, SHELF, STAGE, Shop
from tests.flows.world import World


async def test_every_transition_is_on_record(shop: Shop) -> None:
    """A shipped unit's trail tells each transition: who, when, where, why, which document and cause (S22)."""
    begun = datetime.now(UTC)
    await shop.product()
    (serial,) = serials = shop.serials(1)
    receipt = await shop.received(serials)
    await shop.put_away(serials)
    order = await shop.order(1)
    await shop.allocated(order, 1)
    shipment = await shop.shipped(order, serials)
    await shop.status(serials, "SHIPPED")
    history = (await shop.unit(serial))["history"]
    shown = [(step["status"], step["location"], step["actor"], step["document"]) for step in history]
    assert shown == [
        ("EXPECTED", None, "test", receipt),
        ("RECEIVED", DOCK, "ann", receipt),
        ("IN_INVENTORY", SHELF, "ben", None),
        ("ALLOCATED", SHELF, "test", order),
        ("PICKED", STAGE, "pat", order),
        ("SHIPPED", None, "dee", shipment),
    ]
    for before, step in zip([None, *history], history, strict=False):
        assert step["from_status"] == (before and before["status"])
        assert step["from_location"] == (before and before["location"])
        assert step["reason"]
        assert step["cause_source"]
        assert step["cause_id"]
        occurred, recorded = (datetime.fromisoformat(step[name]) for name in ("occurred_at", "recorded_at"))
        assert begun <= occurred <= recorded <= datetime.now(UTC)
    assert [step["version"] for step in history] == [1, 2, 3, 4, 5, 6]


async def test_what_is_beside_the_status_is_on_record(world: World, shop: Shop) -> None:
    """Holds and their end are in the trail, too, with who and why (S22)."""
    await shop.product()
    (serial,) = await shop.stock(1)
    hold = await shop.hold([serial])
    step = (await shop.unit(serial))["history"][-1]
    assert (step["change"], step["actor"], step["reason"], step["hold"]) == ("held", "sue", "suspected", hold)
    assert step["from_status"] == step["status"] == "IN_INVENTORY"
    assert (await world.read("serials", "/rejections", document=shop.sku, code="held"))["items"] == []


async def test_what_an_order_went_through_is_on_record(world: World, shop: Shop) -> None:
    """An order's log tells who placed, picked, packed and shipped it, in order (S22)."""
    await shop.product()
    serials = await shop.stock(1)
    order = await shop.order(1)
    await shop.allocated(order, 1)
    await shop.shipped(order, serials)
    log = (await world.read("fulfillment", f"/orders/{order}/log"))["items"]
    told = [(entry["what"], entry["actor"]) for entry in log]
    for entry in [("placed", "test"), ("picked", "pat"), ("packed", "pat"), ("dispatched", "dee")]:
        assert entry in told, told
    assert [entry["id"] for entry in log] == sorted(entry["id"] for entry in log)


async def test_the_trail_of_everything_so_far_is_the_state(world: World) -> None:
    """Replayed from its first row, every unit's trail takes only legal steps and ends in its state (S04, S22)."""
    await world.quiet()
    skus = [row["sku"] for row in await world.rows("serials", "SELECT DISTINCT sku FROM serial")]
    await invariants.audit_is_the_state(world, skus)
