"""Messages in the wrong order: what can wait waits and is shown waiting, the rest is refused; the end is the same."""

from shared.contracts.commands.serials import PutAway
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnCancelled,
    AsnLine,
    OrderAmended,
    OrderCancelled,
    OrderLine,
    OrderLineCancelled,
    ProductDefined,
)
from tests.flows.shop import SHELF, WAREHOUSE, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World


async def test_a_scan_before_its_asn_is_refused_and_can_be_sent_again(world: World, shop: Shop) -> None:
    """A scan on a receipt that is not announced yet is unknown_receipt; after the ASN the same scan is accepted."""
    await shop.product()
    serials, receipt = shop.serials(1), shop.no("ASN")
    scan = shop.scan(receipt, serials)
    answer = await world.post("receiving", "/scans", scan.model_dump(mode="json", exclude_none=True))
    assert answer.status_code in (404, 409), answer.text
    assert answer.json()["code"] in ("unknown_receipt", "not_yet_known")
    await shop.announced(serials, receipt=receipt)
    await world.do(scan)
    await shop.confirm(receipt)
    await shop.status(serials, "RECEIVED")


async def test_an_asn_before_its_product_waits(world: World, shop: Shop) -> None:
    """An ASN of a product that is not defined yet waits; its serials are EXPECTED when the product comes (S05)."""
    serials, receipt = shop.serials(2), shop.no("ASN")
    line = AsnLine(line="1", sku=shop.sku, quantity=2, serials=serials)
    await world.say(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))

    async def waiting() -> bool:
        shown = await world.read("receiving", f"/receipts/{receipt}")
        return bool(shown["lines"]["items"][0]["waiting"])

    await eventually(waiting)
    await shop.product()
    await shop.status(serials, "EXPECTED")


async def test_a_cancel_before_its_asn(world: World, shop: Shop) -> None:
    """A cancellation that overtakes its ASN is remembered: the ASN is born cancelled and expects nothing."""
    await shop.product()
    receipt = shop.no("ASN")
    line = AsnLine(line="1", sku=shop.sku, quantity=1, serials=shop.serials(1))
    await world.say(AsnCancelled(receipt=receipt), AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))
    await shop.heard("receiving.events", receipt, "receipt.closed.v1", status="CANCELLED")
    await world.quiet()
    assert not world.listener.heard("receiving.events", receipt, "receipt.planned.v1")
    assert not await world.rows("serials", "SELECT 1 FROM serial WHERE sku = $1", shop.sku)


async def test_a_cancel_before_its_order(world: World, shop: Shop) -> None:
    """A cancel that overtakes its order is remembered: the order is born cancelled, and its units stay free."""
    await shop.product()
    serials = await shop.stock(1)
    placed = shop.placed(1)
    await world.say(OrderCancelled(order=placed.order), placed)
    await shop.heard("fulfillment.events", placed.order, "order.changed.v1", status="CANCELLED")
    await world.quiet()
    await shop.status(serials, "IN_INVENTORY")
    assert (await world.read("fulfillment", f"/orders/{placed.order}"))["status"] == "CANCELLED"


async def test_a_line_cancel_and_an_amendment_before_their_order(world: World, shop: Shop) -> None:
    """Whatever overtakes an order is done when it comes, in the order in which it came."""
    await shop.product()
    await shop.stock(3)
    lines = [OrderLine(line=line, sku=shop.sku, quantity=1) for line in ("1", "2")]
    placed = shop.placed(1, lines=lines)
    more = OrderAmended(order=placed.order, lines=[OrderLine(line="1", sku=shop.sku, quantity=2)])
    await world.say(more, OrderLineCancelled(order=placed.order, line="2"), placed)
    picks = await shop.picks(placed.order, 2)
    assert {row["line"] for row in picks} == {"1"}


async def test_an_order_before_its_product_waits(world: World, shop: Shop) -> None:
    """An order of a product that is not defined yet waits and is shown waiting, and is served when it comes (S08)."""
    order = await shop.order(1)

    async def waiting() -> bool:
        shown = await world.read("fulfillment", f"/orders/{order}")
        return bool(shown["status"] == "WAITING")

    await eventually(waiting)
    await shop.product()
    serials = await shop.stock(1)
    assert await shop.allocated(order, 1) == serials


async def test_a_putaway_before_its_receipt_is_not_yet_known(world: World, shop: Shop) -> None:
    """A command on a unit whose receipt is still under way answers not_yet_known with Retry-After, not a 404."""
    await shop.product()
    serials = shop.serials(1)
    body = PutAway(sku=shop.sku, serials=serials, location=SHELF).model_dump(mode="json", exclude_none=True)
    answer = await world.post("serials", "/putaways", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_yet_known")
    assert int(answer.headers["Retry-After"]) >= 1
    await shop.received(serials)
    await shop.put_away(serials)
    await shop.status(serials, "IN_INVENTORY")


async def test_a_blind_receipt_before_the_asn_of_its_units(world: World, shop: Shop) -> None:
    """Units that came without an ASN are known when it comes: it is told so, and they are not expected again (S18)."""
    await shop.product()
    serials, blind = shop.serials(1), shop.no("BR")
    await world.do(AsnAnnounced(receipt=blind, warehouse=WAREHOUSE, kind="BLIND"))
    await world.do(shop.scan(blind, serials))
    await shop.confirm(blind)
    await shop.status(serials, "RECEIVED")
    receipt = shop.no("ASN")
    line = AsnLine(line="1", sku=shop.sku, quantity=1, serials=serials)
    (event,) = await world.say(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))
    row = await world.rejection("receiving", event, "serial_known", receipt)
    assert row["refusals"][0]["ids"] == serials
    assert (await shop.unit(serials[0]))["receipt"] == blind


async def test_everything_at_once_ends_the_same(world: World, shop: Shop) -> None:
    """Order, ASN and product published in the wrong order and at once end with the order's unit on its pick list."""
    serials, receipt = shop.serials(1), shop.no("ASN")
    placed = shop.placed(1)
    line = AsnLine(line="1", sku=shop.sku, quantity=1, serials=serials)
    asn = AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line])
    await world.say(placed, asn, ProductDefined(sku=shop.sku, name="Pump", serial_tracked=True))
    await shop.status(serials, "EXPECTED")
    await world.do(shop.scan(receipt, serials))
    await shop.confirm(receipt)
    await shop.put_away(serials)
    (pick,) = await shop.picks(placed.order, 1)
    assert (pick["serial"], pick["location"]) == (serials[0], SHELF)
    assert (await shop.unit(serials[0]))["status"] == "ALLOCATED"
