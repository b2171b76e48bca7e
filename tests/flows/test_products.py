"""Products and places: how a product is tracked, what may be said of it, and that everybody hears of it."""

from shared.contracts.commands.receiving import CloseReceipt, Scan
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnLine,
    Barcode,
    LocationDefined,
    ProductDefined,
    WarehouseDefined,
)
from tests.flows.listener import Event
from tests.flows.shop import DOCK, STAGE, WAREHOUSE, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World


async def test_a_product_is_tracked_by_serial_by_lot_or_not(world: World, shop: Shop) -> None:
    """A product is SERIAL, LOT or NONE, as its boxes were ticked, here and at everybody who is told (S01)."""
    boxes = {"SERIAL": {"serial_tracked": True}, "LOT": {"lot_tracked": True}, "NONE": {"serial_tracked": False}}
    for tracking, box in boxes.items():
        sku = await shop.product(shop.no(tracking), **box)
        (said,) = await shop.heard("products", sku, "product.changed.v1")
        assert said["data"]["tracking"] == tracking
        assert (await world.read("receiving", f"/products/{sku}"))["tracking"] == tracking


async def test_receiving_a_tracked_product_takes_its_serials(world: World, shop: Shop) -> None:
    """Nothing of a serial-tracked product is received without its serial: unscanned, all of it is short (S02)."""
    await shop.product()
    receipt = shop.no("ASN")
    line = AsnLine(line="1", sku=shop.sku, quantity=3)
    await world.say(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))
    await shop.heard("receiving.events", receipt, "receipt.planned.v1")
    await world.do(CloseReceipt(receipt=receipt))
    (closed,) = await shop.heard("receiving.events", receipt, "receipt.closed.v1")
    (summary,) = closed["data"]["lines"]
    assert (summary["announced"], summary["received"], summary["short"]) == (3, 0, 3)
    await world.quiet()
    assert not await world.rows("serials", "SELECT 1 FROM serial WHERE sku = $1", shop.sku)


async def test_picking_a_tracked_product_takes_its_serials(world: World, shop: Shop) -> None:
    """A pick names each unit by its serial; a pick of a quantity is malformed (S02)."""
    await shop.product()
    await shop.stock(2)
    order = await shop.order(2)
    await shop.allocated(order, 2)
    for units in ([], [{"sku": shop.sku}], [{"sku": shop.sku, "quantity": 2}]):
        answer = await world.post("fulfillment", "/picks", {"order": order, "units": units, "location": STAGE})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    await shop.allocated(order, 2)


async def test_serials_of_a_product_without_any_are_refused(world: World, shop: Shop) -> None:
    """Serials of an untracked or lot-tracked product are refused: its policy says what is asked for (S02)."""
    for boxes in ({"serial_tracked": False}, {"lot_tracked": True}):
        sku = await shop.product(shop.no("P"), **boxes)
        receipt = shop.no("BR")
        await world.do(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="BLIND"))
        await world.refused(shop.scan(receipt, ["U-1"], sku=sku), "not_serial_tracked")
        line = AsnLine(line="1", sku=sku, quantity=1, serials=["U-1"])
        asn = AsnAnnounced(receipt=shop.no("ASN"), warehouse=WAREHOUSE, lines=[line])
        await world.refused(asn, "not_serial_tracked")
        placed = shop.placed(1, serials=["U-1"], sku=sku)
        await shop.known_at_fulfillment(sku)
        await world.refused(placed, "not_serial_tracked")


async def test_a_product_cannot_be_both(world: World, shop: Shop) -> None:
    """Serial and lot tracked at once is refused with a clear message, over Kafka and HTTP; nothing is defined (S03)."""
    both = ProductDefined(sku=shop.sku, name="Pump", serial_tracked=True, lot_tracked=True)
    (event,) = await world.say(both)
    await world.rejection("receiving", event, "both_trackings", shop.sku)
    problem = await world.refused(both, "both_trackings")
    assert problem["status"] == 422
    assert "by serial" in problem["detail"]
    assert "by lot" in problem["detail"]
    assert (await world.get("receiving", f"/products/{shop.sku}")).status_code == 404


async def test_setting_the_second_is_refused_with_history(world: World, shop: Shop) -> None:
    """A product with a receipt keeps its tracking: a switch is refused, and told what stands against it (S03)."""
    await shop.product()
    await shop.announced(shop.serials(1))
    switch = ProductDefined(sku=shop.sku, name="Infusion pump", lot_tracked=True)
    (event,) = await world.say(switch)
    await world.rejection("receiving", event, "product_has_history", shop.sku)
    problem = await world.refused(switch, "product_has_history")
    assert problem["status"] == 409
    assert problem["blocked_by"]
    assert (await world.read("receiving", f"/products/{shop.sku}"))["tracking"] == "SERIAL"


async def test_without_history_the_tracking_can_be_switched(world: World, shop: Shop) -> None:
    """A product nobody has announced yet can be tracked otherwise; its open orders ask the new owner of its stock."""
    await shop.product(lot_tracked=True)
    order = await shop.order(1)
    await shop.heard("lots.events", shop.sku, "lot.allocated.v1", order=order)
    await shop.product_again(serial_tracked=True)
    requests: list[Event] = []

    async def asked_anew() -> bool:
        requests[:] = world.listener.heard("fulfillment.events", order, "allocation.requested.v1", tracking="SERIAL")
        return len(requests) == 1

    await eventually(asked_anew)
    serials = await shop.stock(1)
    assert await shop.allocated(order, 1) == serials


async def test_a_barcode_is_of_one_product(world: World, shop: Shop) -> None:
    """A product may have several barcodes; one that is another product's is refused, and names whose it is."""
    codes = [Barcode(code=f"4{shop.token}", quantity=1), Barcode(code=f"5{shop.token}", quantity=12)]
    await shop.product(barcodes=codes)
    other = ProductDefined(sku=shop.no("P"), name="Other", serial_tracked=True, barcodes=codes[:1])
    problem = await world.refused(other, "barcode_taken")
    assert problem["blocked_by"] == [f"/products/{shop.sku}"]
    (said,) = await shop.heard("products", shop.sku)
    assert {code["code"]: code["quantity"] for code in said["data"]["barcodes"]} == {
        code.code: code.quantity for code in codes
    }


async def test_a_scan_may_name_the_product_by_its_barcode(world: World, shop: Shop) -> None:
    """A scanned barcode says which product the serials are of (S13)."""
    await shop.product(barcodes=[Barcode(code=f"4{shop.token}")])
    serials = shop.serials(1)
    receipt = await shop.announced(serials)
    scan = Scan(receipt=receipt, session="S", barcode=f"4{shop.token}", location=DOCK, serials=serials)
    assert (await world.do(scan))["sku"] == shop.sku
    unknown = scan.model_copy(update={"barcode": f"9{shop.token}", "session": "S2"})
    await world.refused(unknown, "unknown_product")


async def test_who_changed_a_product(world: World, shop: Shop) -> None:
    """Each change of a product is kept: who, when, before and after; what says nothing new is no change (S22)."""
    for name in ("Pump", "Pump", "Pump 300"):
        await world.do(ProductDefined(sku=shop.sku, name=name, serial_tracked=True), actor="mia")
    latest, first = (await world.read("receiving", f"/products/{shop.sku}/changes"))["items"]
    assert (first["version"], first["before"], first["after"]["name"]) == (1, None, "Pump")
    assert (latest["version"], latest["before"]["name"], latest["after"]["name"]) == (2, "Pump", "Pump 300")
    assert {latest["actor"], first["actor"]} == {"mia"}
    await shop.heard("products", shop.sku, version=2)
    assert len(world.listener.heard("products", shop.sku)) == 2


async def test_places_are_told_to_everybody(world: World, shop: Shop) -> None:
    """A warehouse and a location defined over HTTP are published, and known at every service that needs them (S35)."""
    warehouse, location = f"W{shop.token}", f"W{shop.token}/A-1"
    await world.do(WarehouseDefined(warehouse=warehouse, name="New", time_zone="Asia/Tokyo"))
    await world.do(LocationDefined(location=location, type="STORAGE", pick_sequence=7))
    await shop.heard("locations", warehouse, "warehouse.changed.v1", time_zone="Asia/Tokyo")
    await shop.heard("locations", location, "location.changed.v1", type="STORAGE", pick_sequence=7)

    async def known() -> bool:
        for service in ("serials", "fulfillment"):
            assert await world.rows(service, "SELECT 1 FROM location WHERE location = $1", location), service
        return True

    await eventually(known)
    nowhere = WarehouseDefined(warehouse="MARS", name="Mars", time_zone="Mars/Olympus")
    await world.refused(nowhere, "unknown_time_zone")


async def test_a_line_of_counted_stock_is_answered_short(world: World, shop: Shop) -> None:
    """Until counted stock is received here, lots answers a demand for it that all of it is short."""
    await shop.product(serial_tracked=False)
    order = await shop.order(5)
    (answer,) = await shop.heard("lots.events", shop.sku, "lot.allocated.v1", order=order)
    assert answer["data"]["short"] == 5
    shown = await world.read("fulfillment", f"/orders/{order}")
    assert shown["lines"][0]["short"] == 5
