"""Messages that come late, early, twice, or not to this receipt."""

from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAdjusted, SerialMoved
from shared.contracts.upstream import AsnCancelled, ProductDefined
from tests.line import message
from tests.receiving.conftest import Line


async def test_an_asn_before_its_product(floor: Line) -> None:
    """A line whose product is not defined yet waits; when it is, its units are planned and can be scanned."""
    sku = floor.no("LATE")
    line = {"line": "1", "sku": sku, "quantity": 3, "serials": ["A", "B"]}
    assert (await floor.say(floor.asn("R", lines=[line]))).types() == []
    assert (await floor.say(floor.scan("R", "A", sku=sku))).codes() == ["unknown_product"]
    defined = await floor.say(ProductDefined(sku=sku, name="Late", serial_tracked=True))
    news = ProductChanged.model_validate(defined.data("product.changed.v1")[0])
    planned = (await floor.say(news)).data("receipt.planned.v1")
    assert [(data.get("serials", []), data["quantity"]) for data in planned] == [(["A", "B"], 2), ([], 1)]
    assert (await floor.say(news)).types() == []
    assert (await floor.say(floor.scan("R", "A", "x", sku=sku))).answers[0].refusals == []


async def test_a_scan_before_its_receipt(floor: Line) -> None:
    """A scan on a receipt that was not announced yet is refused and recorded, and can be sent again after it."""
    scan = floor.scan("R", "A")
    told = await floor.say(scan)
    assert (told.codes(), told.types()) == (["unknown_receipt"], ["receipt.rejected.v1"])
    (kept,) = await floor.rows("SELECT * FROM rejection WHERE document = :document", document=floor.no("R"))
    assert (kept["actor"], kept["type"], kept["raw"]["serials"]) == ("anna", "receive.scan.v1", ["A"])
    await floor.say(floor.asn("R", "A"))
    assert (await floor.say(scan)).codes() == []


async def test_a_cancellation_before_its_asn(floor: Line) -> None:
    """A cancel that comes first is remembered, and its serials are free for another ASN."""
    assert (await floor.say(AsnCancelled(receipt=floor.no("R")))).codes() == []
    told = await floor.say(floor.asn("R", "A", "B"))
    assert told.types() == ["receipt.closed.v1"]
    assert await floor.states() == {}
    assert (await floor.say(floor.asn("R2", "A", "B"))).types() == ["receipt.planned.v1"]


async def test_a_batch_again_a_day_later(floor: Line) -> None:
    """Messages that come again, in any company, have no effect again."""
    batch = [message(floor.asn("R", "A", quantity=5)), message(floor.scan("R", "A", "x")), message(floor.confirm("R"))]
    await floor.take(batch)
    before = await floor.rows("SELECT * FROM receipt_line WHERE receipt = :receipt", receipt=floor.no("R"))
    told = await floor.take([*batch, *batch, message(floor.asn("R3", "C"))])
    assert told.types() == ["receipt.planned.v1"]
    after = await floor.rows("SELECT * FROM receipt_line WHERE receipt = :receipt", receipt=floor.no("R"))
    assert before == after


async def test_the_same_part_under_a_new_id(floor: Line) -> None:
    """A part that is sent again as a new message adds no unit twice: each of its serials is refused."""
    await floor.say(floor.asn("R", "A", "B"))
    told = await floor.say(floor.asn("R", "A", "B"))
    assert told.codes() == ["serial_repeated"]
    (line,) = await floor.rows("SELECT * FROM receipt_line WHERE receipt = :receipt", receipt=floor.no("R"))
    assert (int(line["announced"]), line["named"]) == (2, 2)


async def test_voided_at_the_registry(floor: Line) -> None:
    """A unit that the registry voids stays known for ever, and its line takes another in its place (S18)."""
    await floor.say(floor.asn("R", "A"), floor.scan("R", "A"), floor.confirm("R"))
    await floor.say(SerialAdjusted(sku=floor.no("PUMP"), serials=["A"], adjustment="VOID", reason="typed wrong"))
    assert await floor.states() == {"A": "VOID"}
    told = await floor.say(floor.scan("R", "A", "A1", session="T"))
    body = told.answers[0].body
    assert body is not None
    assert [one["verdict"] for one in body.model_dump()["verdicts"]] == ["KNOWN_SERIAL", "ACCEPTED"]


async def test_a_return_before_its_departure_is_known(floor: Line) -> None:
    """A return whose shipped fact is under way is refused as not yet known; after it, it is taken, once."""
    sku = floor.no("PUMP")
    await floor.say(floor.asn("R", "A"), floor.scan("R", "A"), floor.confirm("R"))
    back = ReceiveReturn(
        return_id=floor.no("RMA"), order="SO", customer="C", sku=sku, serials=["A"],
        location=f"{floor.no('EAST')}/DOCK", reason="broken",
    )  # fmt: skip
    assert (await floor.say(back)).codes() == ["not_yet_known"]
    left = SerialMoved(
        sku=sku, serials=["A"], versions=[6], from_status="PICKED", status="SHIPPED", reason="dispatched",
        order="SO", customer="C",
    )  # fmt: skip
    stored = SerialMoved(
        sku=sku, serials=["A"], versions=[3], from_status="RECEIVED", status="IN_INVENTORY", reason="put away"
    )
    await floor.say(stored, left)
    assert await floor.states() == {"A": "OUT"}
    (returned,) = (await floor.say(back)).data("unit.returned.v1")
    assert returned["versions"] == [5]
    assert (await floor.say(back)).codes() == ["already_returned"]
    assert (await floor.say(floor.asn("R2", "A"))).codes() == ["serial_known"]


async def test_shipped_and_unknown(floor: Line) -> None:
    """A departure of a unit that was never here is stored as a disagreement and changes nothing."""
    left = SerialMoved(
        sku=floor.no("PUMP"), serials=["X"], versions=[6], from_status="PICKED", status="SHIPPED", reason="dispatched",
        order="SO", customer="C",
    )  # fmt: skip
    assert (await floor.say(left)).types() == ["receipt.rejected.v1"]
    (kept,) = await floor.rows("SELECT kind, codes FROM rejection WHERE document = :sku", sku=floor.no("PUMP"))
    assert kept == {"kind": "DISAGREEMENT", "codes": ["illegal_transition"]}
    assert await floor.states() == {}
