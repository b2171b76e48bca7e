"""The number of statements never depends on how many units or messages a transaction has."""

from decimal import Decimal

from shared.contracts.commands.receiving import CloseReceipt, ConfirmSession, DisposeReturn, UndoScan
from shared.contracts.upstream import AsnAnnounced
from tests.line import Told
from tests.receiving.conftest import Line
from tests.receiving.test_lots import lot, returned, scan, shipped


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


async def lots_life(milk: Line, receipt: str, many: int) -> list[Told]:
    """A receipt of so many lots, some taken back, some too many; then as many shipped, returned and disposed of."""
    name, line = milk.no(receipt), {"line": "1", "sku": milk.no("MILK"), "quantity": many * 2}
    asn = AsnAnnounced.model_validate({"receipt": name, "warehouse": milk.no("EAST"), "lines": [line]})
    numbers = [f"{receipt}-{number}" for number in range(many)]
    lots = [(number, 3.0) for number in numbers]
    return [
        await milk.say(asn),
        await milk.say(scan(milk, *(lot(number, 2) for number in numbers), receipt=name)),
        await milk.say(scan(milk, *(lot(number, 1) for number in numbers), receipt=name)),
        await milk.say(UndoScan(receipt=name, session="S", sku=milk.no("MILK"), lots=numbers[: many // 2])),
        await milk.say(scan(milk, *(lot(number, 9) for number in numbers), receipt=name)),
        await milk.say(ConfirmSession(receipt=name, session="S")),
        await milk.say(CloseReceipt(receipt=name)),
        await milk.say(shipped(milk, *lots)),
        await milk.say(returned(milk, *lots, name=receipt)),
        await milk.say(DisposeReturn(return_id=milk.no(receipt), disposition="SCRAP", reason="sour")),
    ]


async def test_as_many_statements_for_500_lots_as_for_two(milk: Line) -> None:
    """Scanning, undoing, confirming, closing, returning 500 lots takes the statements of doing it with two."""
    few = await lots_life(milk, "FEW", 2)
    many = await lots_life(milk, "MANY", 500)
    assert [told.codes() for told in few + many] == [[]] * 20
    assert [told.statements for told in many] == [told.statements for told in few]


async def test_as_many_statements_for_200_scans_of_lots_as_for_one(milk: Line) -> None:
    """A batch of hundreds of scans and confirmations of lots is decided in one pass, and none is lost."""
    receipt = milk.no("R")
    one = await milk.say(scan(milk, lot("L", 0.25)), ConfirmSession(receipt=receipt, session="S"))
    commands = [
        command
        for number in range(200)
        for command in (
            scan(milk, lot(f"L{number % 7}", 0.25), session=f"S{number}"),
            ConfirmSession(receipt=receipt, session=f"S{number}", quantity=Decimal("0.25")),
        )
    ]
    many = await milk.say(*commands)
    assert many.statements == one.statements
    assert sum(some["quantity"] for data in many.data("stock.received.v1") for some in data["lots"]) == 50
