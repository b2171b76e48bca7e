"""What must hold whenever all services are at rest, looked up in their databases."""

from collections.abc import Sequence

from services.serials.units.domain.transitions import after
from tests.flows.world import Json, World

TABLES = {
    "receiving": ("unit", "receipt_line", "discrepancy", "lot_scan", "shipped_lot", "return_lot"),
    "serials": ("serial_state", "audit", "demand", "hold"),
    "lots": ("lot", "ledger", "reserved", "picked", "demand", "hold", "correction", "recall", "recall_product"),
    "fulfillment": ("sales_order", "order_line", "demand", "unit", "shipment", "pile", "lot_hold"),
}


async def fingerprint(world: World) -> Json:
    """All that makes up the state of goods and documents, as a few values to compare."""
    found = {}
    for service, tables in TABLES.items():
        for table in tables:
            query = f"SELECT count(*), md5(string_agg(row::text, '|' ORDER BY row::text)) FROM {table} AS row"  # noqa: S608
            found[f"{service}.{table}"] = (await world.rows(service, query))[0]
    return found


async def hold(world: World, skus: Sequence[str]) -> None:
    """Check everything for these products."""
    for check in (
        one_status, audit_is_the_state, answers_are_kept, lines_add_up, nothing_free_is_wanted, no_disputes,
        each_message_once,
    ):  # fmt: skip
        await check(world, skus)


async def one_status(world: World, skus: Sequence[str]) -> None:
    """Each serial has one row and one status, the same at every service that knows it."""
    units = await world.rows(
        "serials",
        """SELECT s.sku, s.serial, t.status::text, t.order_id, t.order_line, t.demand, t.adjustment FROM serial s
           LEFT JOIN serial_state t USING (id) WHERE s.sku = ANY($1)""",
        skus,
    )
    assert len({(unit["sku"], unit["serial"]) for unit in units}) == len(units)
    assert all(unit["status"] for unit in units), units
    registry = {
        (unit["sku"], unit["serial"]): (unit["status"], unit["order_id"], unit["order_line"], unit["demand"])
        for unit in units
        if unit["status"] in ("ALLOCATED", "PICKED")
    }
    in_hand = await world.rows("fulfillment", "SELECT * FROM unit WHERE sku = ANY($1) AND shipment = ''", skus)
    picked = {
        (unit["sku"], unit["serial"]): (unit["status"], unit["order_id"], unit["line"], unit["demand"])
        for unit in in_hand
    }
    assert picked == registry
    known = await world.rows("receiving", "SELECT sku, serial, state FROM unit WHERE sku = ANY($1)", skus)
    receiving = {(unit["sku"], unit["serial"]): unit["state"] for unit in known}
    for unit in units:
        state = receiving[unit["sku"], unit["serial"]]
        assert (state == "VOID") == (unit["adjustment"] == "VOID"), (unit, state)
        if state == "VOID":
            continue
        match unit["status"]:
            case "EXPECTED":
                assert state in ("EXPECTED", "ABSENT", "SCANNED"), (unit, state)
            case "SHIPPED":
                assert state == "OUT", (unit, state)
            case _:
                assert state == "IN_HOUSE", (unit, state)


async def audit_is_the_state(world: World, skus: Sequence[str]) -> None:
    """The audit trail of each unit, replayed from its beginning, takes only legal steps and ends in its state (S22)."""
    rows = await world.rows(
        "serials",
        """SELECT s.sku, s.serial, a.version, a.from_status::text, a.status::text, a.from_location, a.location,
                  act.change, t.version AS now_version, t.status::text AS now, t.location AS now_at
           FROM serial s JOIN serial_state t USING (id) JOIN audit a ON a.serial_id = s.id JOIN act ON act.id = a.act
           WHERE s.sku = ANY($1) ORDER BY s.id, a.version""",
        skus,
    )
    trails: dict[tuple[str, str], list[Json]] = {}
    for row in rows:
        trails.setdefault((row["sku"], row["serial"]), []).append(row)
    states = await world.rows("serials", "SELECT count(*) FROM serial WHERE sku = ANY($1)", skus)
    assert len(trails) == states[0]["count"]
    for trail in trails.values():
        status, location = None, None
        for version, row in enumerate(trail, start=1):
            assert (row["version"], row["from_status"], row["from_location"]) == (version, status, location), trail
            assert after(status, row["change"]) == row["status"], row
            status, location = row["status"], row["location"]
        assert (row["now_version"], row["now"], row["now_at"]) == (len(trail), status, location), trail


async def answers_are_kept(world: World, skus: Sequence[str]) -> None:
    """What was answered is what was allocated: as many units given under each demand as its units became ALLOCATED."""
    allocated = await world.rows(
        "serials",
        """SELECT act.demand, count(*) FROM serial s JOIN audit a ON a.serial_id = s.id JOIN act ON act.id = a.act
           WHERE s.sku = ANY($1) AND act.change = 'allocated' GROUP BY 1""",
        skus,
    )
    given: dict[str, int] = {}
    for sku in skus:
        for event in world.listener.heard("serials.events", sku, "serial.allocated.v1"):
            if units := event["data"].get("given"):
                given[event["data"]["demand"]] = given.get(event["data"]["demand"], 0) + len(units)
    assert given == {row["demand"]: row["count"] for row in allocated}


async def lines_add_up(world: World, skus: Sequence[str]) -> None:
    """What a line ordered is allocated, picked, shipped, or open under a demand that its owner keeps."""
    lines = await world.rows(
        "fulfillment",
        """SELECT l.*, o.backorders FROM order_line l JOIN sales_order o USING (order_id)
           WHERE sku = ANY($1) AND NOT l.cancelled AND NOT l.waiting AND o.status <> 'CANCELLED'""",
        skus,
    )
    demands = await world.rows(
        "serials",
        """SELECT order_id, line, sum(open)::int AS open FROM demand
           WHERE sku = ANY($1) AND status = 'OPEN' GROUP BY 1, 2""",
        skus,
    )
    open_ = {(row["order_id"], row["line"]): row["open"] for row in demands}
    for line in lines:
        held = line["allocated"] + line["picked"] + line["shipped"]
        if line["backorders"] != "REFUSED":
            covered = held + open_.get((line["order_id"], line["line"]), 0)
            assert covered == line["ordered"], (line, covered)
        units = await world.rows(
            "fulfillment",
            "SELECT status, count(*) FROM unit WHERE order_id = $1 AND line = $2 GROUP BY 1",
            line["order_id"],
            line["line"],
        )
        counted = {row["status"]: row["count"] for row in units}
        shown = {"ALLOCATED": line["allocated"], "PICKED": line["picked"], "SHIPPED": line["shipped"]}
        assert counted == {status: count for status, count in shown.items() if count}, line


async def nothing_free_is_wanted(world: World, skus: Sequence[str]) -> None:
    """No demand is open while stock that fits it is free."""
    wanted = await world.rows(
        "serials",
        """SELECT d.id, d.order_id, d.open, t.serial FROM demand d JOIN serial_state t
           ON t.sku = d.sku AND t.warehouse = d.warehouse
           WHERE d.sku = ANY($1) AND d.open > 0 AND d.kind = 'ANY' AND d.status = 'OPEN'
             AND t.status = 'IN_INVENTORY' AND t.holds = 0 AND t.adjustment IS NULL""",
        skus,
    )
    assert not wanted


async def each_message_once(world: World, skus: Sequence[str]) -> None:
    """However often a message came, it was refused once at most, and had each of its effects on a unit once."""
    for service in world.databases:
        query = "SELECT source, message, count(*) FROM rejection GROUP BY 1, 2 HAVING count(*) > 1"
        twice = await world.rows(service, query)
        assert not twice, (service, twice)
    twice = await world.rows(
        "serials",
        """SELECT s.serial, act.change, act.cause_source, act.cause_id, count(*)
           FROM serial s JOIN audit a ON a.serial_id = s.id JOIN act ON act.id = a.act
           WHERE s.sku = ANY($1) GROUP BY 1, 2, 3, 4 HAVING count(*) > 1""",
        skus,
    )
    assert not twice
    twice = await world.rows(
        "fulfillment",
        """SELECT order_id, source, message, what, detail, count(*) FROM order_log
           WHERE order_id IN (SELECT order_id FROM order_line WHERE sku = ANY($1))
           GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1""",
        skus,
    )
    assert not twice, twice


async def no_disputes(world: World, skus: Sequence[str]) -> None:
    """No fact of a sibling failed to fit."""
    for service in world.databases:
        disputes = await world.rows(
            service,
            "SELECT * FROM rejection WHERE kind = 'DISAGREEMENT' AND raw::text LIKE ANY($1) AND closed_at IS NULL",
            [f"%{sku}%" for sku in skus],
        )
        assert not disputes
