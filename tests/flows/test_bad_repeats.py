"""What comes again changes nothing: messages, days-old topics, commands, announcements of the same serials."""

import json
from datetime import UTC, datetime, timedelta

from shared.contracts.commands.serials import PutAway
from shared.contracts.upstream import AsnCancelled, OrderCancelled
from tests.flows.invariants import fingerprint
from tests.flows.shop import OTHER_SHELF, SHELF, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World


async def test_the_same_message_twice_is_taken_once(world: World, shop: Shop) -> None:
    """The same CloudEvent sent three times in a row announces and orders once."""
    await shop.product()
    await shop.stock(3)
    placed = shop.placed(1)
    event = world.event(placed)
    for _ in range(3):
        await world.send("oms.orders", event, placed.order)
    await shop.allocated(placed.order, 1)
    await world.quiet()
    requests = world.listener.heard("fulfillment.events", placed.order, "allocation.requested.v1")
    assert len(requests) == 1
    assert len(await shop.picks(placed.order, 1)) == 1


async def test_the_same_message_a_day_later_is_taken_once(world: World, shop: Shop) -> None:
    """A message of yesterday's date that comes again today, with another time in its frame, changes nothing."""
    await shop.product()
    await shop.stock(3)
    placed = shop.placed(1)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    event = world.event(placed, time=yesterday)
    await world.send("oms.orders", event, placed.order)
    await shop.allocated(placed.order, 1)
    await world.send("oms.orders", world.event(placed, id_=event["id"]), placed.order)
    await world.quiet()
    assert len(world.listener.heard("fulfillment.events", placed.order, "allocation.requested.v1")) == 1


async def test_the_same_order_under_another_id_is_placed_once(world: World, shop: Shop) -> None:
    """An OMS that sends an order anew, under a new id, orders nothing twice; another order of that name is refused."""
    await shop.product()
    await shop.stock(3)
    placed = shop.placed(1)
    await world.say(placed)
    await shop.allocated(placed.order, 1)
    await world.say(placed)
    other = placed.model_copy(update={"priority": 9})
    (event,) = await world.say(other)
    await world.rejection("fulfillment", event, "document_exists", placed.order)
    assert len(world.listener.heard("fulfillment.events", placed.order, "allocation.requested.v1")) == 1


async def test_the_same_ids_of_two_senders_are_two_messages(world: World, shop: Shop) -> None:
    """A CloudEvent is unique by source and id together: two systems may count alike."""
    await shop.product()
    serials = await shop.stock(2)
    one, two = shop.placed(1), shop.placed(1)
    for source, placed in (("oms-1", one), ("oms-2", two)):
        await world.send("oms.orders", world.event(placed, id_=shop.token, source=source), placed.order)
    given = [*await shop.allocated(one.order, 1), *await shop.allocated(two.order, 1)]
    assert sorted(given) == sorted(serials)


async def test_the_same_command_twice_is_done_once(world: World, shop: Shop) -> None:
    """The same Idempotency-Key and body again get the same answer again, marked as replayed; nothing moves twice."""
    await shop.product()
    serials = shop.serials(1)
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    body = {"sku": shop.sku, "serials": serials, "location": SHELF}
    first = await world.post("serials", "/putaways", body, key=shop.token)
    again = await world.post("serials", "/putaways", body, key=shop.token)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert (await shop.unit(serials[0]))["version"] == 3


async def test_a_key_with_another_body_is_refused(world: World, shop: Shop) -> None:
    """The same Idempotency-Key with another body is a 422, and does neither."""
    await shop.product()
    serials = shop.serials(2)
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    body = {"sku": shop.sku, "serials": serials[:1], "location": SHELF}
    assert (await world.post("serials", "/putaways", body, key=shop.token)).status_code == 200
    answer = await world.post("serials", "/putaways", body | {"serials": serials[1:]}, key=shop.token)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    await shop.status(serials[1:], "RECEIVED")


async def test_a_refusal_does_not_use_its_key_up(world: World, shop: Shop) -> None:
    """A command that was refused can be sent again under its key when what stood in the way is gone."""
    await shop.product()
    serials = shop.serials(1)
    body = {"sku": shop.sku, "serials": serials, "location": SHELF}
    assert (await world.post("serials", "/putaways", body, key=shop.token)).status_code == 409
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    answer = await world.post("serials", "/putaways", body, key=shop.token)
    assert answer.status_code == 200, answer.text
    await shop.status(serials, "IN_INVENTORY")


async def test_two_actors_may_use_the_same_key(world: World, shop: Shop) -> None:
    """A key is its actor's own: another actor's command under the same key is another command."""
    await shop.product()
    serials = await shop.stock(1)
    body = {"sku": shop.sku, "serials": serials, "location": OTHER_SHELF}
    assert (await world.post("serials", "/moves", body, key=shop.token, actor="ann")).status_code == 200
    assert (
        await world.post("serials", "/moves", body | {"location": SHELF}, key=shop.token, actor="ben")
    ).status_code == 200
    assert (await shop.unit(serials[0]))["location"] == SHELF


async def test_the_same_serials_again_after_a_cancelled_asn(world: World, shop: Shop) -> None:
    """Serials of a cancelled ASN may be announced by another, and are received there: the same units, one row each."""
    await shop.product()
    serials = shop.serials(2)
    first = await shop.announced(serials)
    await world.say(AsnCancelled(receipt=first))
    await shop.heard("receiving.events", first, "receipt.closed.v1", status="CANCELLED")
    second = await shop.announced(serials)
    await world.do(shop.scan(second, serials))
    await shop.confirm(second)
    await shop.status(serials, "RECEIVED")
    unit = await shop.unit(serials[0])
    assert unit["receipt"] == second
    rows = await world.rows("serials", "SELECT 1 FROM serial WHERE sku = $1", shop.sku)
    assert len(rows) == 2


async def test_a_day_old_replay_of_all_orders_changes_nothing(world: World, shop: Shop) -> None:
    """The whole oms.orders topic, sent again as if a day had passed, moves no unit and says nothing new."""
    await shop.product()
    await shop.stock(4)
    shipped, cancelled, standing = [await shop.order(1) for _ in range(3)]
    await shop.shipped(shipped, await shop.allocated(shipped, 1))
    await shop.allocated(cancelled, 1)
    await world.say(OrderCancelled(order=cancelled))
    await shop.heard("fulfillment.events", cancelled, "order.changed.v1", status="CANCELLED")
    await shop.allocated(standing, 1)
    await world.quiet()
    before = await fingerprint(world)
    replayed = await world.everything("oms.orders")
    assert len(replayed) > 3
    for key, value in replayed:
        later = value
        try:
            event = json.loads(value or b"")
            event["time"] = (datetime.now(UTC) + timedelta(days=1)).isoformat()
            later = json.dumps(event).encode()
        except (ValueError, TypeError):
            pass  # what could not be read the first time is sent as it is
        await world.producer.send("oms.orders", later, key=key)
    await world.producer.flush()
    await world.quiet()
    assert await fingerprint(world) == before


async def test_a_putaway_twice_over_kafka_is_done_once(world: World, shop: Shop) -> None:
    """A conveyor that sends its command twice puts away once; under a new id it is refused, and nothing moves."""
    await shop.product()
    serials = shop.serials(1)
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    putaway = PutAway(sku=shop.sku, serials=serials, location=SHELF)
    event = world.event(putaway)
    for _ in range(2):
        await world.send("serials.commands", event, shop.sku)
    await shop.status(serials, "IN_INVENTORY")
    (again,) = await world.say(putaway)
    await world.rejection("serials", again, "illegal_transition", shop.sku)

    async def told() -> bool:
        return len(world.listener.heard("serials.events", shop.sku, "serial.moved.v1", status="IN_INVENTORY")) == 1

    await eventually(told)
    assert (await shop.unit(serials[0]))["version"] == 3
