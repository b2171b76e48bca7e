"""From definition to closing on the real database."""

from shared.contracts.commands import receiving as commands
from shared.contracts.upstream import AsnAnnounced
from tests.receiving.conftest import Line


async def test_from_announcement_to_closing(floor: Line) -> None:
    """An ASN is planned, scanned, confirmed and closed, and the others are told each step (S05, S06, S16)."""
    sku, east, receipt = floor.no("PUMP"), floor.no("EAST"), floor.no("R")
    line = {"line": "1", "sku": sku, "quantity": 3, "serials": ["A", "B"]}
    told = await floor.say(AsnAnnounced.model_validate({"receipt": receipt, "warehouse": east, "lines": [line]}))
    assert told.types() == ["receipt.planned.v1"]
    scan = commands.Scan(receipt=receipt, session="S", sku=sku, location=f"{east}/DOCK", serials=["A", "x", "A", "b"])
    told = await floor.say(scan)
    assert told.codes() == ["serial_repeated"]
    told = await floor.say(commands.ConfirmSession(receipt=receipt, session="S"))
    assert told.types() == ["unit.received.v1", "discrepancy.found.v1"]
    told = await floor.say(commands.CloseReceipt(receipt=receipt))
    assert told.types() == ["receipt.withdrawn.v1", "discrepancy.found.v1", "receipt.closed.v1"]
    units = await floor.rows("SELECT serial, state, version FROM unit WHERE sku = :sku ORDER BY serial", sku=sku)
    assert [(unit["serial"], unit["state"], unit["version"]) for unit in units] == [
        ("A", "IN_HOUSE", 3),
        ("B", "ABSENT", 2),
        ("x", "IN_HOUSE", 2),
    ]
