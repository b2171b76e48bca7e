"""A corrected expiry on the real tables: which orders are told of it."""

from datetime import date

import pytest

from tests.lots.conftest import Line
from tests.unit.lots.ordering import Ordering

LATE, SOONER = date(2150, 6, 30), date(2150, 3, 31)


@pytest.mark.parametrize("by_receipt", [False, True])
async def test_a_corrected_date_names_the_orders_that_have_the_lot(line: Line, by_receipt: bool) -> None:
    """Who has some of it, to be picked or picked, is told of another expiry, be it of a correction or receipt (S28)."""
    say = Ordering(line.sku)
    await line.say(say.receive(say.came("B-0", 20, LATE)))
    await line.say(say.put_away("B-0"), *(say.want(number, 2) for number in range(1, 5)))
    await line.say(say.pick(2, say.at("B-0", 2)), say.pick(3, say.at("B-0", 2)), say.deallocate(4, say.at("B-0", 2)))
    await line.say(say.dispatch(3, {"B-0": 2}))
    again = say.receive(say.came("B-0", 1, SOONER), receipt="R-2") if by_receipt else say.correct("B-0", SOONER)
    (told,) = (await line.say(again)).data("lot.corrected.v1")
    assert (told["expiry"], told["orders"]) == (str(SOONER), [say.order(1), say.order(2)])
    (told,) = (await line.say(say.correct("B-0", SOONER, manufactured=date(2026, 1, 1)))).data("lot.corrected.v1")
    assert told["orders"] == []


async def test_a_lot_that_very_many_orders_have_is_corrected_in_parts(line: Line) -> None:
    """No message names more than 500 orders, and each order is named once (S28)."""
    say = Ordering(line.sku)
    await line.say(say.receive(say.came("B-1", 1000, LATE)), say.put_away("B-1", 1000))
    for start in (1, 301):
        await line.say(*(say.want(number) for number in range(start, start + 300)))
    told = (await line.say(say.correct("B-1", SOONER))).data("lot.corrected.v1")
    assert [len(it["orders"]) for it in told] == [500, 100]
    assert {order for it in told for order in it["orders"]} == {say.order(number) for number in range(1, 601)}
