"""Where a unit came from and where it went, each in one answer."""

from typing import Any

import httpx

from tests.serials.conftest import Line
from tests.serials.saying import Saying, names


async def test_where_a_unit_came_from_and_went(line: Line, http: httpx.AsyncClient) -> None:
    """Received, shipped, returned: its receipts and returns in one answer, its shipments and place in another (S46)."""
    say = Saying(line.sku)
    serials = names(1)
    await line.say(say.receive(serials, lot="L-7/a"))
    await line.say(say.put_away(serials), say.want(1))
    await line.say(say.pick(1, serials))
    await line.say(say.dispatch(1, serials))

    async def told(what: str) -> Any:
        return (await http.get(f"/serials/{line.sku}/{serials[0]}/{what}")).json()

    gone = await told("trace-forward")
    assert (gone["status"], gone["location"], gone["lot"]) == ("SHIPPED", None, "L-7/a")
    assert [(it["order"], it["shipment"], it["customer"]) for it in gone["shipped"]] == [
        (say.order(1), gone["shipment"], gone["customer"])
    ]
    assert gone["customer"]
    await line.say(say.give_back(1, serials, version=3))
    back = await told("trace-forward")
    assert (back["status"], len(back["shipped"])) == ("RECEIVED", 1)
    came = await told("trace-back")
    assert [(it["receipt"], it["return_id"]) for it in came["came"]] == [("R-1", None), (None, "RMA-1")]
    assert (await http.get(f"/serials/{line.sku}/nobody/trace-back")).status_code == 404
