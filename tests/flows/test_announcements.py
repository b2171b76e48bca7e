"""Receipts: announced in parts, changed, cancelled, or not announced at all."""

from shared.contracts.commands.receiving import (
    CloseReceipt,
)
from shared.contracts.upstream import AsnAnnounced, AsnCancelled, AsnChanged, AsnLine
from tests.flows.receipts import discrepancies, line, scanned
from tests.flows.shop import DOCK, SHELF, WAREHOUSE, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World


async def test_announced_serials_are_expected(shop: Shop) -> None:
    """An ASN's serials are EXPECTED as soon as it is planned, each on its receipt, nowhere yet (S05)."""
    await shop.product()
    serials = shop.serials(3)
    receipt = await shop.announced(serials)
    await shop.status(serials, "EXPECTED")
    unit = await shop.unit(serials[0])
    assert (unit["receipt"], unit["location"]) == (receipt, None)


async def test_received_units_are_at_the_dock_and_not_for_orders(world: World, shop: Shop) -> None:
    """A confirmed unit is RECEIVED at its dock; an order waits for it until it is put away (S06, S07)."""
    await shop.product()
    order = await shop.order(1)
    serials = shop.serials(1)
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    assert (await shop.unit(serials[0]))["location"] == DOCK
    await world.quiet()
    assert await shop.picks(order, 0) == []
    await shop.put_away(serials)
    assert await shop.allocated(order, 1) == serials


async def test_an_asn_comes_in_parts(world: World, shop: Shop) -> None:
    """A receipt of 10 000 units is announced in 20 parts of 500 serials: all are EXPECTED, on one line (S05)."""
    await shop.product()
    receipt = shop.no("ASN")
    serials = [f"{shop.token}-{number:05}" for number in range(10_000)]
    parts = [
        AsnAnnounced(
            receipt=receipt,
            warehouse=WAREHOUSE,
            lines=[AsnLine(line="1", sku=shop.sku, quantity=500, serials=serials[start : start + 500])],
        )
        for start in range(0, 10_000, 500)
    ]
    await world.say(*parts)

    async def expected() -> bool:
        query = "SELECT count(*) FROM serial_state WHERE sku = $1 AND status = 'EXPECTED'"
        (row,) = await world.rows("serials", query, shop.sku)
        return bool(row["count"] == 10_000)

    await eventually(expected)
    shown = await line(world, receipt)
    assert (shown["announced"], shown["expected_by_name"]) == (10_000, 10_000)


async def test_an_asn_is_changed_before_it_arrives(world: World, shop: Shop) -> None:
    """A change takes units out and adds others; after the first scan it is refused (S05)."""
    await shop.product()
    stays, goes, comes = shop.serials(3)
    receipt = await shop.announced([stays, goes])
    await world.say(
        AsnChanged(
            receipt=receipt,
            add=[AsnLine(line="1", sku=shop.sku, quantity=1, serials=[comes])],
            remove=[AsnLine(line="1", sku=shop.sku, quantity=1, serials=[goes])],
        )
    )
    await shop.heard("receiving.events", receipt, "receipt.withdrawn.v1", serials=[goes], reason="CHANGED")
    verdicts = await scanned(world, shop, receipt, [stays, comes, goes])
    assert verdicts == {stays: "ACCEPTED", comes: "ACCEPTED", goes: "OVER"}
    (event,) = await world.say(
        AsnChanged(receipt=receipt, add=[AsnLine(line="1", sku=shop.sku, quantity=1, serials=[goes])])
    )
    await world.rejection("receiving", event, "receipt_arrived", receipt)
    (event,) = await world.say(AsnCancelled(receipt=receipt))
    await world.rejection("receiving", event, "receipt_arrived", receipt)


async def test_a_cancelled_asn_expects_nothing(world: World, shop: Shop) -> None:
    """After its cancellation nothing can be scanned on a receipt, and its units are on no receipt."""
    await shop.product()
    serials = shop.serials(1)
    receipt = await shop.announced(serials)
    await world.say(AsnCancelled(receipt=receipt, reason="lost at sea"))
    await shop.heard("receiving.events", receipt, "receipt.closed.v1", status="CANCELLED")
    problem = await world.refused(shop.scan(receipt, serials), "receipt_cancelled")
    assert "lost at sea" in problem["detail"]

    async def on_no_receipt() -> bool:
        return bool((await shop.unit(serials[0]))["receipt"] is None)

    await eventually(on_no_receipt)


async def test_a_blind_receipt_takes_what_comes(world: World, shop: Shop) -> None:
    """A receipt that nobody announced accepts units nobody knows, on lines of its own (S06)."""
    await shop.product()
    serials, receipt = shop.serials(2), shop.no("BR")
    await world.do(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="BLIND"))
    assert set((await scanned(world, shop, receipt, serials)).values()) == {"ACCEPTED"}
    await shop.confirm(receipt)
    await shop.status(serials, "RECEIVED")
    await world.do(CloseReceipt(receipt=receipt))
    assert await discrepancies(world, receipt) == []


async def test_opening_stock_is_scanned_where_it_lies(world: World, shop: Shop) -> None:
    """Opening stock may be scanned on its shelf, from where it is put away like any other (S07)."""
    await shop.product()
    serials, receipt = shop.serials(1), shop.no("OP")
    await world.do(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="OPENING"))
    scan = shop.scan(receipt, serials).model_copy(update={"location": SHELF})
    await world.do(scan)
    await shop.confirm(receipt)
    await shop.status(serials, "RECEIVED")
    await shop.put_away(serials)
    await shop.status(serials, "IN_INVENTORY")
