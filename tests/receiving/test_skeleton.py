"""From definition to closing on the real database."""

from shared.contracts.commands.receiving import CloseReceipt
from shared.contracts.upstream import ProductDefined
from tests.line import message
from tests.receiving.conftest import Line


async def test_from_announcement_to_closing(floor: Line) -> None:
    """An ASN is planned, scanned, confirmed and closed, and the others are told each step (S05, S06, S16)."""
    assert (await floor.say(floor.asn("R", "A", "B", quantity=3))).types() == ["receipt.planned.v1"]
    told = await floor.say(floor.scan("R", "A", "x", "A", "b"))
    assert told.codes() == ["serial_repeated"]
    assert told.types() == ["receipt.rejected.v1"]
    told = await floor.say(floor.confirm("R"))
    assert told.types() == ["unit.received.v1", "discrepancy.found.v1"]
    told = await floor.say(CloseReceipt(receipt=floor.no("R")))
    assert told.types() == ["receipt.withdrawn.v1", "discrepancy.found.v1", "receipt.closed.v1"]
    assert await floor.states() == {"A": "IN_HOUSE", "B": "ABSENT", "x": "IN_HOUSE"}


async def test_a_whole_receipt_in_one_batch(floor: Line) -> None:
    """Announcement, scans, undo, confirmation and closing may come in one batch: each sees those before it."""
    told = await floor.say(
        floor.asn("R", "A", "B", "C"),
        floor.scan("R", "A", "B", "Z"),
        floor.scan("R", "B", session="T"),
        floor.confirm("R"),
        CloseReceipt(receipt=floor.no("R")),
        floor.scan("R", "C", session="U"),
    )
    assert told.codes() == ["serial_repeated", "receipt_closed"]
    assert await floor.states() == {"A": "IN_HOUSE", "B": "IN_HOUSE", "C": "ABSENT"}
    (line,) = await floor.rows("SELECT * FROM receipt_line WHERE receipt = :receipt", receipt=floor.no("R"))
    assert (int(line["announced"]), line["named"], line["scanned"], line["received"]) == (3, 3, 0, 2)


async def test_every_fact_names_who_and_why(floor: Line) -> None:
    """Whatever is told names who did it and the message that led to it; scans keep their own actor (S22)."""
    closing = CloseReceipt(receipt=floor.no("R"))
    for fact in (floor.asn("R", "A", "B"), floor.scan("R", "A", "z"), floor.confirm("R"), closing):
        sent = message(fact, "bo")
        for said in (await floor.take([sent])).events:
            assert (said["data"]["actor"], said["data"]["cause"]) == ("bo", {"source": "test", "id": sent.id})
    units = await floor.rows("SELECT serial, scanned_by FROM unit WHERE sku = :sku ORDER BY 1", sku=floor.no("PUMP"))
    assert [(unit["serial"], unit["scanned_by"]) for unit in units] == [("A", "bo"), ("B", None)]
    (found,) = await floor.rows(
        "SELECT found_by FROM discrepancy WHERE receipt = :receipt AND kind = 'UNEXPECTED'", receipt=floor.no("R")
    )
    assert found["found_by"] == "bo"


async def test_a_scan_by_barcode(floor: Line) -> None:
    """A barcode names the product that is scanned (S13)."""
    code = floor.no("BAR")
    pump = {"sku": floor.no("PUMP"), "name": "Pump", "serial_tracked": True, "barcodes": [{"code": code}]}
    await floor.say(ProductDefined.model_validate(pump), floor.asn("R", "A"))
    told = await floor.say(floor.scan("R", "A", sku=None, barcode=code), floor.scan("R", "A", sku=None, barcode="?"))
    assert told.codes() == ["unknown_product"]
    assert await floor.states() == {"A": "SCANNED"}
