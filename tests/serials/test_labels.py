"""Lot number and expiry as facts read from the labels of serials: kept, said, found and shown."""

from datetime import date

import httpx

from shared.contracts.commands.serials import Lift
from tests.serials.conftest import Line
from tests.serials.saying import Saying, names
from tests.unit.serials.making import SHELF

LAST_DAY = date(2031, 3, 31)


async def test_a_label_is_kept_and_said(http: httpx.AsyncClient, line: Line) -> None:
    """Lot and expiry are verbatim facts of a unit, said with each move, shown and searched by (S24, S25, S34)."""
    say, plain = Saying(line.sku), names(1, first=9)
    await line.say(say.plan(names(2)))
    told = await line.say(
        say.receive(names(1), lot="00a/7", expiry=LAST_DAY),
        say.receive(names(1, first=2), lot="00A/7", expiry=LAST_DAY),
        say.receive(plain),
    )
    assert [(it.get("lot"), it.get("expiry")) for it in told.data("serial.moved.v1")] == [
        ("00a/7", "2031-03-31"), ("00A/7", "2031-03-31"), (None, None)
    ]  # fmt: skip
    told = await line.say(say.put_away([*names(2), *plain]))
    assert {(it.get("lot"), tuple(it["serials"])) for it in told.data("serial.moved.v1")} == {
        ("00a/7", ("SN-00001",)), ("00A/7", ("SN-00002",)), (None, ("SN-00009",))
    }  # fmt: skip
    shown = (await http.get(f"/serials/{line.sku}/SN-00001")).json()
    assert (shown["lot"], shown["expiry"]) == ("00a/7", "2031-03-31")
    asked = {"sku": line.sku, "lot": "00a/7"}
    listed = (await http.get("/serials", params=asked)).json()["items"]
    assert [(it["serial"], it["lot"], it["expiry"]) for it in listed] == [("SN-00001", "00a/7", "2031-03-31")]
    assert (await http.get("/serials/counts", params=asked)).json()["IN_INVENTORY"] == {"units": 1, "more": False}


async def test_labels_stand_in_the_reports(http: httpx.AsyncClient, line: Line) -> None:
    """The reports on places and histories show what labels say, as pages and as files (S40, S41)."""
    say = Saying(line.sku)
    await line.say(say.receive(names(1), lot="L-1", expiry=LAST_DAY))
    await line.say(say.put_away(names(1)))
    for report, rows in (("serial-location", 1), ("serial-history", 2)):
        page = (await http.get(f"/reports/{report}", params={"sku": line.sku})).json()["items"]
        assert [(it["lot"], it["expiry"]) for it in page] == [("L-1", "2031-03-31")] * rows
        file = (await http.get(f"/reports/{report}.csv", params={"sku": line.sku})).text
        assert file.splitlines()[1].endswith("L-1,2031-03-31")


async def test_short_life_arrives_held(line: Line) -> None:
    """Units that receiving takes with too little life left are received under its hold, until somebody lifts it."""
    say = Saying(line.sku)
    await line.say(say.want(1))
    told = await line.say(say.receive(names(2), expiry=LAST_DAY, hold="H-IN"))
    assert [(it["hold"], len(it["units"])) for it in told.data("serial.held.v1")] == [("H-IN", 2)]
    await line.say(say.put_away(names(2), SHELF))
    assert await line.statuses() == {"IN_INVENTORY": 2}
    await line.say(Lift(sku=line.sku, hold="H-IN", reason="sold as it is"))
    assert await line.statuses() == {"IN_INVENTORY": 1, "ALLOCATED": 1}
