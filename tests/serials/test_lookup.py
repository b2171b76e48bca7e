"""Looking units up, against an oracle that looks at every unit."""

from itertools import product as combinations
from typing import Any

import httpx
import pytest

from services.serials.lookup.queries import unit as one
from services.serials.lookup.queries.counts import counts
from services.serials.lookup.queries.filters import Filters
from services.serials.lookup.queries.search import search
from services.serials.units.domain.transitions import STATUSES
from shared.contracts.commands.serials import Hold, Move, PutAway
from shared.contracts.receiving import ReceiptPlanned, UnitReceived
from shared.contracts.serials import Status
from shared.database import reading
from shared.identifiers import address_of
from tests.serials.conftest import Line
from tests.serials.saying import Saying, names, parts
from tests.unit.serials.making import BIN, DOCK, SHELF

ODD = ["AB-001", "ab-002", "Ab_003", "100%", "a\\b", "X/9", "0007", "zz ab 1"]


async def _stocked(line: Line) -> dict[str, str]:
    """Units of one product in three statuses; each unit's status by its serial."""
    serials = [*ODD, *(f"N-{n:04}" for n in range(60))]
    versions = [1] * len(serials)
    await line.say(
        ReceiptPlanned(
            receipt="R-1",
            warehouse="EAST",
            line="1",
            sku=line.sku,
            quantity=len(serials),
            serials=serials,
            versions=versions,
        )
    )
    came = serials[:40]
    await line.say(
        UnitReceived(receipt="R-1", line="1", sku=line.sku, serials=came, versions=[2] * 40, location=DOCK, session="S")
    )
    await line.say(PutAway(sku=line.sku, serials=came[:20], location=SHELF))
    return {
        serial: "IN_INVENTORY" if n < 20 else "RECEIVED" if n < 40 else "EXPECTED" for n, serial in enumerate(serials)
    }


async def _all(line: Line, filters: Filters, size: int) -> list[str]:
    """Every page of a search, as one list."""
    found: list[str] = []
    after = ("", "")
    async with reading(line.engine) as tx:
        while rows := await search(tx, filters, after, size):
            found += [row.serial for row in rows]
            after = (rows[-1].sku, rows[-1].serial)
    return found


@pytest.mark.usefixtures("way")
async def test_search_finds_what_an_oracle_finds(line: Line) -> None:
    """Part, beginning, case, wildcards, product and each status find exactly what they should (S31, S32, S33)."""
    units = await _stocked(line)
    needles = [None, "a", "AB", "ab-00", "%", "_00", "\\", "N-00", "-000", "0007", "zz AB", "nothing", "N-0059"]
    asked: list[tuple[Status, ...]] = [(), *((status,) for status in STATUSES), ("RECEIVED", "EXPECTED")]
    for q, statuses in combinations(needles, asked):
        expected = sorted(
            serial
            for serial, has in units.items()
            if (q is None or (q.lower() in serial.lower() if len(q) >= 3 else serial.lower().startswith(q.lower())))
            and (not statuses or has in statuses)
        )
        for size in (7, 500):
            found = await _all(line, Filters(q=q, sku=line.sku, status=statuses), size)
            assert found == expected, (q, statuses, size)


@pytest.mark.usefixtures("way")
async def test_search_by_place_order_and_hold(line: Line) -> None:
    """Warehouse, location and hold narrow the list, and the counts a status agree with it (S33, S35)."""
    units = await _stocked(line)
    here = [serial for serial, status in units.items() if status != "EXPECTED"][::9]
    await line.say(Hold(sku=line.sku, serials=here, hold="H-1", reason="look"))
    assert await _all(line, Filters(sku=line.sku, held=True), 50) == sorted(here)
    stored = sorted(serial for serial, status in units.items() if status == "IN_INVENTORY")
    assert await _all(line, Filters(sku=line.sku, location=SHELF), 50) == stored
    assert await _all(line, Filters(sku=line.sku, warehouse="WEST"), 50) == []
    assert await _all(line, Filters(q="n-00", sku=line.sku, warehouse="EAST"), 3) == [f"N-{n:04}" for n in range(60)]
    await line.say(Saying(line.sku).want(1, 2, serials=["0007", "100%"]))
    order = Saying(line.sku).order(1)
    assert await _all(line, Filters(order=order), 1) == ["0007", "100%"]
    assert await _all(line, Filters(q="0%", order=order), 50) == []
    assert await _all(line, Filters(q="00%", order=order, status=("ALLOCATED",)), 50) == ["100%"]
    async with reading(line.engine) as tx:
        by_status = {it.status: it.units for it in await counts(tx, Filters(sku=line.sku))}
        found = await counts(tx, Filters(sku=line.sku, q="N-00", status=("RECEIVED",)))
        free = await counts(tx, Filters(sku=line.sku, held=False))
    here_now = [*units.values(), "ALLOCATED", "ALLOCATED"]
    expected = {status: here_now.count(status) for status in STATUSES}
    assert by_status == expected | {"IN_INVENTORY": expected["IN_INVENTORY"] - 2}
    assert (sum(it.units for it in found), any(it.more for it in found)) == (60, False)
    assert sum(it.units for it in free) == len(units) - len(here)


@pytest.mark.parametrize("q", [None, "SN-"])
async def test_counts_stop_at_a_thousand(line: Line, q: str | None) -> None:
    """A thousand units and more in a status are told as a thousand and more (S33)."""
    say = Saying(line.sku)
    for run in parts(names(1200)):
        await line.say(say.plan(run))
    async with reading(line.engine) as tx:
        found = await counts(tx, Filters(sku=line.sku, q=q))
    assert [(it.status, it.units, it.more) for it in found if it.units] == [("EXPECTED", 1000, True)]


@pytest.mark.parametrize("name", ["history", "trace-back", "trace-forward"])
async def test_a_unit_called_as_a_page(http: httpx.AsyncClient, line: Line, name: str) -> None:
    """Its address is product and serial as any other's, and its pages are behind that (S34, S36)."""
    await line.say(Saying(line.sku).receive([name]))
    unit = (await http.get(f"/serials/{line.sku}/{name}")).json()
    assert (unit["serial"], unit["status"]) == (name, "RECEIVED")
    page = (await http.get(f"/serials/{line.sku}/{name}/{name}")).json()
    assert page["items"] if name == "history" else page["serial"] == name


async def test_a_quoted_slash_is_no_border(http: httpx.AsyncClient, line: Line) -> None:
    """Of two units whose product and serial read alike each has its address; an unencoded slash is a border (S34)."""
    units = {f"{line.sku}/A": "B/S", f"{line.sku}/A/B": "S"}
    for sku, serial in units.items():
        await line.say(Saying(sku).receive([serial]))
    for sku, serial in units.items():
        unit = (await http.get(address_of("serials", sku, serial))).json()
        assert (unit["sku"], unit["serial"]) == (sku, serial)
    assert (await http.get(f"/serials/{line.sku}/A/B/S")).status_code == 404
    nothing = (await http.get(address_of("serials", f"{line.sku}/A", "X"))).json()
    assert (nothing["code"], nothing["ids"]) == ("unknown", [f"{line.sku}/A/X"])
    assert "there is nothing at /serial/A%2FB" in (await http.get("/serial/A%2FB")).json()["detail"]


async def test_demands_are_shown(http: httpx.AsyncClient, line: Line) -> None:
    """Who waits for a product, and for how much, can be read (S08)."""
    say = Saying(line.sku)
    await line.say(say.want(1, 2), say.want(2, 1, serials=names(1)))
    await line.say(say.receive(names(2)))
    await line.say(say.put_away(names(2)))
    listed = (await http.get("/demands", params={"sku": line.sku})).json()["items"]
    assert [(it["demand"], it["open"], it["serials"]) for it in listed] == [
        (say.demand(1), 0, []),
        (say.demand(2), 1, names(1)),
    ]
    waiting = (await http.get("/demands", params={"sku": line.sku, "waiting": True})).json()["items"]
    assert [it["demand"] for it in waiting] == [say.demand(2)]


async def test_open_holds_are_shown(http: httpx.AsyncClient, line: Line) -> None:
    """Which units are held, why and by whom can be read, page by page."""
    await line.say(Saying(line.sku).receive(names(3)))
    await line.say(Hold(sku=line.sku, serials=names(3), hold="H-1", reason="suspicion"), actor="eve")
    first = (await http.get("/holds", params={"sku": line.sku, "limit": 2})).json()
    rest = (await http.get("/holds", params={"sku": line.sku, "cursor": first["next"]})).json()
    shown = [*first["items"], *rest["items"]]
    assert [it["serial"] for it in shown] == names(3)
    assert {(it["hold"], it["reason"], it["opened_by"]) for it in shown} == {("H-1", "suspicion", "eve")}


async def test_a_unit_tells_its_whole_life(line: Line) -> None:
    """A unit opens with its place and history; its movements are the steps that took it elsewhere (S34, S35, S36)."""
    await _stocked(line)
    await line.say(Move(sku=line.sku, serials=["X/9"], location=BIN), actor="ben")
    async with reading(line.engine) as tx:
        unit = await one.unit(tx, line.sku, "X/9")
        assert unit is not None
        steps = await one.history(tx, unit.id, after=0, movements=False, size=100)
        moves = await one.history(tx, unit.id, after=0, movements=True, size=100)
        assert await one.unit(tx, line.sku, "x/9") is None
    assert (unit.status, unit.warehouse, unit.location) == ("IN_INVENTORY", "EAST", BIN)
    told: list[Any] = [(step.change, step.from_location, step.location) for step in steps]
    assert told == [
        ("planned", None, None),
        ("received", None, DOCK),
        ("put away", DOCK, SHELF),
        ("moved", SHELF, BIN),
    ]
    assert [step.version for step in moves] == [2, 3, 4]
    assert steps[-1].actor == "ben"
