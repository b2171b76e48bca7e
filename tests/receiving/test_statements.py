"""The number of statements never depends on how many units or messages a transaction has."""

from shared.contracts.commands.receiving import CloseReceipt
from tests.receiving.conftest import Line, Told


async def whole_life(floor: Line, receipt: str, units: int) -> list[Told]:
    """A receipt of so many units, half of them unnamed; as many more scanned than announced."""
    named = [f"{receipt}-n{number}" for number in range(units)]
    scanned = named[: units - units // 2] + [f"{receipt}-u{number}" for number in range(units)]
    return [
        await floor.say(floor.asn(receipt, *named, quantity=units * 2)),
        await floor.say(floor.scan(receipt, *scanned[:500])),
        await floor.say(floor.confirm(receipt)),
        await floor.say(CloseReceipt(receipt=floor.no(receipt))),
    ]


async def test_as_many_statements_for_500_units_as_for_two(floor: Line) -> None:
    """Announcing, scanning, confirming and closing 500 units takes the statements of doing it with two."""
    few = await whole_life(floor, "FEW", 2)
    many = await whole_life(floor, "MANY", 500)
    assert [told.statements for told in many] == [told.statements for told in few]


async def test_as_many_statements_for_200_commands_as_for_one(floor: Line) -> None:
    """A batch of hundreds of one-serial scans and confirmations is decided in one pass."""
    await floor.say(floor.asn("R", *(f"A{number}" for number in range(201))))
    one = await floor.say(floor.scan("R", "A0", session="S0"), floor.confirm("R", "S0"))
    commands = [
        command
        for number in range(1, 201)
        for command in (floor.scan("R", f"A{number}", session=f"S{number}"), floor.confirm("R", f"S{number}"))
    ]
    many = await floor.say(*commands)
    assert many.statements == one.statements
    assert len(many.data("unit.received.v1")) == 200
    assert set((await floor.states()).values()) == {"IN_HOUSE"}
