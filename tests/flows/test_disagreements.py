"""Facts that do not fit: they change nothing, are kept, and shown until a supervisor closes them."""

from shared.contracts.fulfillment import UnitPicked
from shared.contracts.receiving import ReceiptPlanned, UnitReceived
from shared.contracts.serials import GivenUnit, SerialAllocated
from tests.flows.shop import DOCK, SHELF, STAGE, WAREHOUSE, Shop
from tests.flows.test_transitions import HIGH, snapshot
from tests.flows.waiting import eventually
from tests.flows.world import World


async def test_one_illegal_unit_refuses_itself_alone(world: World, shop: Shop) -> None:
    """A fact about two units, of which one does not fit, moves the other: a unit refuses itself, not its message."""
    await shop.product()
    serials = await shop.stock(1)
    stranger = shop.no("U")
    fact = UnitReceived(
        receipt="ASN-?", line="1", sku=shop.sku, serials=[serials[0], stranger], versions=[HIGH, HIGH],
        location=DOCK, session="S-?",
    )  # fmt: skip
    (event,) = await world.say(fact, source="by hand")
    row = await world.rejection("serials", event, "illegal_transition", "ASN-?")
    assert row["refusals"][0]["ids"] == serials
    await shop.status([stranger], "RECEIVED")
    await shop.status(serials, "IN_INVENTORY")


async def test_an_answer_for_an_unknown_order(world: World, shop: Shop) -> None:
    """An allocation for an order that nobody placed is a disagreement at fulfillment; no order comes of it."""
    order = shop.no("SO")
    answer = SerialAllocated(
        sku=shop.sku, demand=shop.no("D"), order=order, line="10", short=0,
        given=[GivenUnit(serial=shop.no("U"), location=SHELF)],
    )  # fmt: skip
    (event,) = await world.say(answer, source="by hand")
    row = await world.rejection("fulfillment", event, "unknown_order")
    assert row["kind"] == "DISAGREEMENT"
    assert (await world.get("fulfillment", f"/orders/{order}")).status_code == 404


async def test_an_answer_to_an_old_demand_changes_nothing(world: World, shop: Shop) -> None:
    """An answer that comes after its demand was withdrawn is passed over: the owner of the stock frees the units."""
    await shop.product()
    serials = await shop.stock(1)
    order = await shop.order(1)
    await shop.allocated(order, 1)
    (request,) = await shop.heard("fulfillment.events", order, "allocation.requested.v1")
    await shop.cancelled(order)
    await shop.status(serials, "IN_INVENTORY")
    answer = SerialAllocated(
        sku=shop.sku, demand=request["data"]["demand"], order=order, line="10", short=0,
        given=[GivenUnit(serial=serials[0], location=SHELF)],
    )  # fmt: skip
    await world.say(answer, source="by hand")
    await world.quiet()
    assert not await world.rows("fulfillment", "SELECT 1 FROM unit WHERE order_id = $1", order)
    assert (await shop.unit(serials[0]))["status"] == "IN_INVENTORY"


async def test_an_answer_to_a_demand_of_another_line(world: World, shop: Shop) -> None:
    """An answer that names a demand which its order does not have is a disagreement; the pick list stays as it is."""
    await shop.product()
    serials = await shop.stock(2)
    order = await shop.order(1)
    (given,) = await shop.allocated(order, 1)
    (other,) = set(serials) - {given}
    answer = SerialAllocated(
        sku=shop.sku, demand=shop.no("D"), order=order, line="10", short=0,
        given=[GivenUnit(serial=other, location=SHELF)],
    )  # fmt: skip
    (event,) = await world.say(answer, source="by hand")
    await world.rejection("fulfillment", event, "document_mismatch")
    assert await shop.allocated(order, 1) == [given]


async def test_a_disagreement_is_shown_until_a_supervisor_closes_it(world: World, shop: Shop) -> None:
    """A disagreement stands among the open ones with its fact, until somebody closes it with a reason; it is kept."""
    await shop.product()
    serials = await shop.stock(1)
    fact = UnitPicked(
        order="SO-?", line="1", demand="D-?", sku=shop.sku, serials=serials, location=STAGE, actor="somebody"
    )
    (event,) = await world.say(fact, source="by hand")
    row = await world.rejection("serials", event, "illegal_transition", "SO-?")
    assert row["actor"] == "somebody"
    assert row["raw"]["serials"] == serials

    async def open_ones() -> list[int]:
        shown = await world.read("serials", "/rejections", open="true", document="SO-?", limit=500)
        return [each["id"] for each in shown["items"]]

    assert row["id"] in await open_ones()
    answer = await world.post(
        "serials", f"/rejections/{row['id']}/close", {"reason": "counted: it is on its shelf"}, actor="sue"
    )
    assert answer.status_code == 200, answer.text
    assert row["id"] not in await open_ones()
    kept = await world.read("serials", f"/rejections/{row['id']}")
    assert (kept["closed_by"], kept["closed_reason"]) == ("sue", "counted: it is on its shelf")
    again = await world.post("serials", f"/rejections/{row['id']}/close", {"reason": "again"}, actor="sue")
    assert again.status_code == 404


async def test_an_older_fact_of_receiving_is_no_disagreement(world: World, shop: Shop) -> None:
    """A fact of receiving that is older than what is known of the unit is passed over without a word."""
    await shop.product()
    serials = await shop.stock(1)
    before = await snapshot(world, shop.sku)
    old = ReceiptPlanned(
        receipt="ASN-?", warehouse=WAREHOUSE, line="1", sku=shop.sku, quantity=1, serials=serials, versions=[1]
    )
    (event,) = await world.say(old, source="by hand")
    await world.quiet()
    assert await snapshot(world, shop.sku) == before
    assert not await world.rows("serials", "SELECT 1 FROM rejection WHERE message = $1", event["id"])

    async def nothing_said() -> bool:
        return not world.listener.heard("serials.events", "ASN-?", "serial.rejected.v1", sku=shop.sku)

    await eventually(nothing_said)
