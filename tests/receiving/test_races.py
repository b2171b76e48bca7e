"""Two replicas, or two people, at the same units at once."""

import asyncio

from shared.contracts.commands.receiving import CloseReceipt, ConfirmSession, ResolveDiscrepancy
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import AsnCancelled, ProductDefined
from tests.line import message
from tests.receiving.conftest import Line
from tests.receiving.test_lots import lot, returned, scan, shipped


async def test_the_same_new_serials_on_two_receipts(floor: Line) -> None:
    """Two replicas scan the same 300 new serials on two receipts: exactly one accepts each (S18)."""
    serials = [f"N{number}" for number in range(300)]
    await floor.say(floor.asn("R1", quantity=300), floor.asn("R2", quantity=300))
    scans = [
        floor.insist([message(floor.scan(receipt, *serials[at : at + 25]))])
        for at in range(0, 300, 25)
        for receipt in ("R1", "R2")
    ]
    told = await asyncio.gather(*scans)
    verdicts = [
        (verdict.serial, verdict.verdict)
        for one in told
        for verdict in one.answers[0].body.verdicts  # type: ignore[union-attr]
    ]
    won = [serial for serial, verdict in verdicts if verdict == "ACCEPTED"]
    assert sorted(won) == sorted(serials)
    assert sum(verdict == "KNOWN_SERIAL" for _, verdict in verdicts) == 300
    assert len(await floor.states()) == 300


async def test_a_closing_and_a_take_over(floor: Line) -> None:
    """A receipt is closed while another takes its unit over: the unit is expected there, short here or not at all.

    The two acts share no lock, so the versions of the rows decide.
    """
    for round_ in range(8):
        first, second, serial = f"C{round_}", f"T{round_}", f"X{round_}"
        await floor.say(floor.asn(first, serial, quantity=2), floor.asn(second, quantity=1))
        await floor.say(floor.scan(second, serial))
        await floor.say(floor.confirm(second))
        (found,) = await floor.rows(
            "SELECT discrepancy, kind FROM discrepancy WHERE receipt = :receipt", receipt=floor.no(second)
        )
        assert found["kind"] == "EXPECTED_ELSEWHERE"
        accept = ResolveDiscrepancy(
            receipt=floor.no(second), discrepancy=found["discrepancy"], resolution="ACCEPT", reason="it is here"
        )
        closed, resolved = await asyncio.gather(
            floor.insist([message(CloseReceipt(receipt=floor.no(first)))]), floor.insist([message(accept)])
        )
        withdrawn = [data for told in (closed, resolved) for data in told.data("receipt.withdrawn.v1")]
        assert [data["serials"] for data in withdrawn if data.get("serials")] == [[serial]]
        assert resolved.data("unit.received.v1")[0]["serials"] == [serial]
        assert (await floor.states())[serial] == "IN_HOUSE"


async def test_a_cancellation_and_a_take_over(floor: Line) -> None:
    """An ASN is cancelled while a newer one names its units: each is withdrawn once, and expected on the newer."""
    for round_ in range(8):
        serials = [f"Y{round_}-{number}" for number in range(20)]
        await floor.say(floor.asn(f"C{round_}", *serials))
        cancelled, announced = await asyncio.gather(
            floor.insist([message(AsnCancelled(receipt=floor.no(f"C{round_}")))]),
            floor.insist([message(floor.asn(f"N{round_}", *serials))]),
        )
        withdrawn = [data for told in (cancelled, announced) for data in told.data("receipt.withdrawn.v1")]
        named = [serial for data in withdrawn for serial in data.get("serials", ())]
        assert sorted(named) == sorted(serials)
        (planned,) = announced.data("receipt.planned.v1")
        assert planned["serials"] == serials
        states = await floor.states()
        assert {states[serial] for serial in serials} == {"EXPECTED"}


async def test_a_cancellation_and_the_product_that_its_line_waited_for(floor: Line) -> None:
    """A product is defined while an ASN that waits for it is cancelled: nothing stays expected, or told as expected."""
    for round_ in range(8):
        sku, receipt = floor.no(f"LATE{round_}"), floor.no(f"W{round_}")
        line = {"line": "1", "sku": sku, "quantity": 2, "serials": ["A", "B"]}
        assert not (await floor.say(floor.asn(f"W{round_}", lines=[line]))).types()
        defined = await floor.say(ProductDefined(sku=sku, name="Late", serial_tracked=True))
        news = defined.data("product.changed.v1")[0]
        woken, cancelled = await asyncio.gather(
            floor.insist([message(ProductChanged.model_validate(news))]),
            floor.insist([message(AsnCancelled(receipt=receipt))]),
        )
        planned = [serial for data in woken.data("receipt.planned.v1") for serial in data.get("serials", ())]
        withdrawn = [serial for data in cancelled.data("receipt.withdrawn.v1") for serial in data.get("serials", ())]
        assert planned == withdrawn
        units = await floor.rows("SELECT state FROM unit WHERE sku = :sku", sku=sku)
        assert {unit["state"] for unit in units} == {"ABSENT"}


async def test_one_barcode_for_two_products(floor: Line) -> None:
    """Two products claim one barcode at once: one gets it, the other is refused."""
    wishes = [
        ProductDefined.model_validate({"sku": floor.no(name), "name": name, "barcodes": [{"code": floor.no("BAR")}]})
        for name in ("ONE", "TWO")
    ]
    told = await asyncio.gather(*(floor.insist([message(wish)]) for wish in wishes))
    assert sorted(code for one in told for code in one.codes()) == ["barcode_taken"]
    owners = await floor.rows("SELECT sku FROM barcode WHERE code = :code", code=floor.no("BAR"))
    assert len(owners) == 1


async def test_the_same_line_of_milk(milk: Line) -> None:
    """Twelve people count 15 of a lot each on a line of 100 at once: 100 are accepted, 80 set aside, none is lost."""
    scans = [scan(milk, lot(f"L{number % 2}", 15), session=f"S{number}") for number in range(12)]
    told = await asyncio.gather(*(milk.insist([message(one)]) for one in scans))
    verdicts = [one.answers[0].body.lots[0] for one in told]  # type: ignore[union-attr]
    assert (sum(one.quantity for one in verdicts), sum(one.aside for one in verdicts)) == (100, 80)
    confirmed = await asyncio.gather(
        *(milk.insist([message(ConfirmSession(receipt=milk.no("R"), session=f"S{number}"))]) for number in range(12))
    )
    facts = [data for one in confirmed for data in one.data("stock.received.v1")]
    assert sum(some["quantity"] for data in facts for some in data["lots"]) == 100


async def test_two_returns_of_one_lot(milk: Line) -> None:
    """Eight returns take back 3 each of 10 that were shipped, at once: three of them do, 9 are back."""
    await milk.say(shipped(milk, ("A", 10)))
    wishes = [returned(milk, ("A", 3), name=f"RMA{number}") for number in range(8)]
    told = await asyncio.gather(*(milk.insist([message(wish)]) for wish in wishes))
    assert sorted(code for one in told for code in one.codes()) == ["already_returned"] * 5
    (row,) = await milk.rows('SELECT shipped, returned FROM shipped_lot WHERE "order" = :order', order=milk.no("SO"))
    assert (row["shipped"], row["returned"]) == (10, 9)
