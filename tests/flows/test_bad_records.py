"""Records that cannot be read are put aside as they came, and the records around them are worked on."""

import json
from datetime import UTC, datetime

import pytest

from shared.contracts.upstream import AsnAnnounced, AsnLine
from tests.flows.shop import WAREHOUSE, Shop
from tests.flows.world import World

MIB = 1024 * 1024


def asn(shop: Shop, receipt: str, serials: list[str]) -> AsnAnnounced:
    """An ASN of one line."""
    line = AsnLine(line="1", sku=shop.sku, quantity=len(serials), serials=serials)
    return AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line])


@pytest.mark.parametrize("value", [None, b"", b"{", b"[]", b'"text"', b"\xff\xfe\x00", b'{"specversion": "1.0"}'])
async def test_a_record_that_is_no_message_is_put_aside(world: World, shop: Shop, value: bytes | None) -> None:
    """A null, empty, truncated or foreign record becomes a dead letter, and the next one of its key is taken."""
    at = await world.send("oms.orders", value, "SO-" + shop.token)
    await shop.product()
    order = await shop.order(1, order="SO-" + shop.token)
    letter = await world.dead_letter("fulfillment", at)
    assert letter["size"] == len(value or b"")
    await shop.heard("fulfillment.events", order, "allocation.requested.v1")


async def test_a_truncated_message_is_put_aside_byte_for_byte(world: World, shop: Shop) -> None:
    """Half an ASN announces nothing: its bytes are kept, and the whole one that follows is planned."""
    await shop.product()
    receipt, serials = shop.no("ASN"), shop.serials(2)
    whole = json.dumps(world.event(asn(shop, receipt, serials))).encode()
    at = await world.send("erp.asns", whole[: len(whole) // 2], receipt)
    await world.send("erp.asns", whole, receipt)
    letter = await world.dead_letter("receiving", at)
    assert letter["preview"] == whole[: len(whole) // 2].decode()
    assert letter["key"] == receipt
    await shop.status(serials, "EXPECTED")


async def test_a_record_of_2_mb_is_put_aside(world: World, shop: Shop) -> None:
    """Upstream's topics let records of 2 MB arrive, so that they are seen: as dead letters, whole."""
    receipt = shop.no("ASN")
    event = world.event(asn(shop, receipt, shop.serials(1)))
    event["data"]["supplier"] = "x" * (2 * MIB)
    at = await world.send("erp.asns", event, receipt)
    letter = await world.dead_letter("receiving", at)
    assert letter["size"] > 2 * MIB
    assert "1 MiB" in letter["error"]


@pytest.mark.parametrize("key", [None, b"another", b""])
async def test_a_record_under_no_key_or_another_is_put_aside(world: World, shop: Shop, key: bytes | None) -> None:
    """Order holds only within a document's key: a message under none or another is not taken, and says why."""
    await shop.product()
    receipt, serials = shop.no("ASN"), shop.serials(1)
    at = await world.send("erp.asns", world.event(asn(shop, receipt, serials)), key)
    letter = await world.dead_letter("receiving", at)
    assert "key" in letter["error"]
    assert receipt in letter["error"]
    assert not await world.rows("receiving", "SELECT 1 FROM receipt WHERE receipt = $1", receipt)


@pytest.mark.parametrize(
    "wrong",
    [
        {"specversion": "0.3"}, {"type": "asn.forgotten.v1"}, {"type": None}, {"id": ""}, {"source": ""},
        {"time": "yesterday"}, {"time": "2025-01-01T00:00:00"}, {"data": None}, {"data": {}},
    ],
)  # fmt: skip
async def test_a_message_with_a_wrong_frame_is_put_aside(world: World, shop: Shop, wrong: dict[str, object]) -> None:
    """A CloudEvent whose version, type, id, source, time or data is missing or wrong is a dead letter that says so."""
    receipt = shop.no("ASN")
    event = {**world.event(asn(shop, receipt, shop.serials(1))), **wrong}
    at = await world.send("erp.asns", event, receipt)
    letter = await world.dead_letter("receiving", at)
    assert next(iter(wrong)) in letter["error"]
    assert not await world.rows("receiving", "SELECT 1 FROM receipt WHERE receipt = $1", receipt)


async def test_unknown_fields_are_no_mistake(world: World, shop: Shop) -> None:
    """A sender may say more than we know: an optional field of a later version does not stop a message."""
    await shop.product()
    receipt, serials = shop.no("ASN"), shop.serials(1)
    event = world.event(asn(shop, receipt, serials)) | {"colour": "red"}
    event["data"]["colour"] = "red"
    await world.send("erp.asns", event, receipt)
    await shop.status(serials, "EXPECTED")


async def test_dead_letters_are_listed(world: World, shop: Shop) -> None:
    """GET /dead-letters lists what could not be read, newest first, with where it stood and why."""
    at = await world.send("serials.commands", b"nonsense", shop.sku)
    letter = await world.dead_letter("serials", at)
    listed = await world.read("serials", "/dead-letters", topic="serials.commands")
    assert listed["items"][0]["id"] == letter["id"]
    assert datetime.fromisoformat(listed["items"][0]["at"]) <= datetime.now(UTC)
    assert (await world.get("serials", "/dead-letters/999999999")).status_code == 404


async def test_a_command_over_kafka_is_put_aside_alike(world: World, shop: Shop) -> None:
    """A malformed command of a conveyor is a dead letter of the service it was for; the good one beside it is done."""
    serials = shop.serials(1)
    await shop.product()
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    body = {"sku": shop.sku, "serials": serials, "location": "nowhere"}
    at = await world.send("serials.commands", world.cloud_event("serial.put_away.v1", body), shop.sku)
    good = world.cloud_event("serial.put_away.v1", {**body, "location": f"{WAREHOUSE}/A-01"})
    await world.send("serials.commands", good, shop.sku)
    assert "location" in (await world.dead_letter("serials", at))["error"]
    await shop.status(serials, "IN_INVENTORY")
