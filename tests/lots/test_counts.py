"""The books follow what is there: adjustments, counts and holds, on the real tables."""

from decimal import Decimal

from shared.contracts.reference import ProductChanged
from tests.lots.conftest import Line
from tests.lots.test_receipts import agree
from tests.unit.lots.making import BIN, DOCK, SHELF


async def stocked(line: Line, quantity: int = 10) -> None:
    """Lay a lot on the shelf."""
    say = line.saying
    await line.say(say.receive(say.came("B-1", quantity)))
    await line.say(say.put_away("B-1", quantity))


async def test_scrapped_lost_found_counted(line: Line) -> None:
    """Every change of a quantity is a row of the ledger with its reason and actor, and its sum is the balance (S22)."""
    await stocked(line)
    say = line.saying
    told = await line.say(
        say.adjust("B-1", "1.25", "SCRAPPED"), say.adjust("B-1", 2, "LOST"), say.adjust("B-1", "0.5", "FOUND"),
        say.count("B-1", 8), say.count("B-1", 5), say.count("B-1", 5),
    )  # fmt: skip
    assert [(it["adjustment"], it["quantity"]) for it in told.data("lot.adjusted.v1")] == [
        ("SCRAPPED", 1.25), ("LOST", 2), ("FOUND", 0.5), ("COUNTED_UP", 0.75), ("COUNTED_DOWN", 3),
    ]  # fmt: skip
    assert await line.balances() == {("B-1", SHELF): (Decimal(5), Decimal(0))}
    rows = await line.rows("SELECT * FROM ledger WHERE sku = :sku ORDER BY id", sku=line.sku)
    assert [row["change"] for row in rows][:4] == ["RECEIVED", "PUT_AWAY", "PUT_AWAY", "SCRAPPED"]
    assert {(row["reason"], row["actor"]) for row in rows[3:6]} == {("damp", "anna")}
    assert await agree(line) == [("B-1", "EAST")]


async def test_held_stock_moves_and_is_counted(line: Line) -> None:
    """A hold keeps goods from orders, not from the floor: it goes along with what is moved from its place."""
    await stocked(line)
    say = line.saying
    await line.say(say.hold("B-1", "H-1", SHELF))
    told = await line.say(say.move("B-1", 4, BIN), say.count("B-1", 5), say.adjust("B-1", 1, "SCRAPPED"))
    assert told.codes() == []
    [held] = told.data("lot.held.v1")
    assert (held["hold"], held["location"]) == ("H-1", BIN)
    lifted = await line.say(say.lift("H-1"))
    assert [it["location"] for it in lifted.data("lot.hold_lifted.v1")] == [SHELF, BIN]


async def test_a_hold_is_opened_once(line: Line) -> None:
    """A hold's id is used once, lifted or not; an unknown one cannot be lifted."""
    await stocked(line)
    say = line.saying
    told = await line.say(say.hold("B-1", "H-1"), say.hold("B-1", "H-1", SHELF))
    assert told.codes() == ["hold_exists"]
    assert (await line.say(say.lift("H-1"))).codes() == []
    assert (await line.say(say.lift("H-1"))).codes() == ["unknown_hold"]
    assert (await line.say(say.hold("B-1", "H-1"))).codes() == ["hold_exists"]


async def test_too_much_is_refused(line: Line) -> None:
    """Nobody takes more than is free, and the refusal says how much that is."""
    await stocked(line)
    say = line.saying
    told = await line.say(
        say.move("B-1", 11, BIN), say.adjust("B-1", "10.000001", "LOST"), say.adjust("B-1", 1, "LOST", DOCK)
    )
    assert told.codes() == ["not_enough"] * 3
    assert "10 on hand, 10 free, 0 allocated" in told.answers[0].refusals[0].detail


async def test_more_than_a_message_may_say(line: Line) -> None:
    """A count of more than a million is said in parts, and what no count could say may still lie somewhere."""
    await stocked(line)
    say = line.saying
    told = await line.say(
        say.count("B-1", "2500000.5"), say.count("B-1", 999_999_999), say.adjust("B-1", 10**6, "FOUND")
    )
    assert told.codes() == []
    assert [it["quantity"] for it in told.data("lot.adjusted.v1")][:3] == [10**6, 10**6, 499990.5]
    assert await line.balances() == {("B-1", SHELF): (Decimal(1_000_999_999), Decimal(0))}
    assert await agree(line) == [("B-1", "EAST")]


async def test_an_untracked_product_is_counted(line_untracked: Line) -> None:
    """What is tracked by nothing is a lot without a number or dates: the same commands, the same books (S01)."""
    line, say = line_untracked, line_untracked.saying
    came = say.came("", "7.5", None)
    told = await line.say(say.receive(came, came).model_copy(update={"tracking": "NONE"}))
    assert [it["quantity"] for it in told.data("lot.received.v1")] == [7.5, 7.5]
    told = await line.say(
        say.put_away("", 10), say.move("", 4, BIN), say.count("", 3, BIN), say.hold("", "H-1", BIN),
        say.correct("", None), say.put_away("B-1", 1),
    )  # fmt: skip
    assert told.codes() == ["unknown_lot", "unknown_lot"]
    assert await line.balances() == {
        ("", DOCK): (Decimal(5), Decimal(0)), ("", SHELF): (Decimal(6), Decimal(0)),
        ("", BIN): (Decimal(3), Decimal(0)),
    }  # fmt: skip
    assert await agree(line) == [("", "EAST")]


async def test_a_product_is_counted_with_its_decimals(line: Line) -> None:
    """No part that is smaller than the product is counted in is moved, counted or written off (S14)."""
    say = line.saying
    whole = {"sku": line.sku, "version": 2, "name": "yoghurt", "unit": "each", "tracking": "LOT", "decimals": 0}
    await line.say(ProductChanged.model_validate(whole))
    await stocked(line)
    half = [
        say.move("B-1", "0.5", BIN), say.count("B-1", "9.5"), say.adjust("B-1", "0.5", "SCRAPPED"),
        say.put_away("B-1", "0.5"),
    ]  # fmt: skip
    told = await line.say(*half)
    assert told.codes() == ["not_whole"] * 4
    assert told.types() == ["lot.rejected.v1"] * 4
    assert (await line.say(say.count("B-1", "9.000"))).codes() == []
    await line.say(ProductChanged.model_validate(whole | {"version": 3, "decimals": 1}))
    assert (await line.say(*half[:3])).codes() == []
    on_hand = {place: amount for (_, place), (amount, _) in (await line.balances()).items()}
    assert on_hand == {SHELF: 9, BIN: Decimal("0.5")}
