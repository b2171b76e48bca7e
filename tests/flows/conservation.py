"""What must hold of counted goods whenever all services are at rest: nothing comes from nowhere, nothing is lost.

Written once more, from the specification: the services' own reconciliation would prove itself.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

from shared.contracts.upstream import LifePolicy
from shared.stock.expiry import too_late
from tests.flows.goods import day
from tests.flows.world import Json, World

CAME = {"RECEIVED", "RETURNED", "FOUND", "COUNTED_UP"}
GONE = {"SHIPPED", "SCRAPPED", "LOST", "COUNTED_DOWN", "SENT_BACK"}
STAYED = {"PUT_AWAY", "MOVED", "PICKED", "UNPICKED"}
Sums = dict[tuple[Any, ...], Decimal]


class Books(Protocol):
    """Whatever can look into the services' databases."""

    async def rows(self, service: str, query: str, *values: Any) -> list[Json]:
        """What stands there."""


async def hold(world: World, skus: Sequence[str]) -> None:
    """Check everything for these products."""
    for check in PROOFS:
        await check(world, skus)
    await not_mixed(world, skus)


def summed(rows: Sequence[Json], *names: str, of: str = "quantity") -> Sums:
    """Sums of a column by others, without what has come to nothing."""
    found: Sums = defaultdict(Decimal)
    for row in rows:
        found[tuple(row[name] for name in names)] += row[of]
    return {key: total for key, total in found.items() if total}


async def read(books: Books, service: str, table: str, skus: Sequence[str]) -> list[Json]:
    """The rows of a table about these products."""
    return await books.rows(service, f"SELECT * FROM {table} WHERE sku = ANY($1)", list(skus))  # noqa: S608


async def ledger_is_the_balance(books: Books, skus: Sequence[str]) -> None:
    """The ledger's sums are what lies at each place and what is picked; what is allocated is reserved by demands."""
    ledger, balances = await read(books, "lots", "ledger", skus), await read(books, "lots", "balance", skus)
    reserved, picked = await read(books, "lots", "reserved", skus), await read(books, "lots", "picked", skus)
    place, house = ("sku", "lot", "location"), ("sku", "lot", "warehouse")
    at_places = [row for row in ledger if row["location"]]
    assert summed(at_places, *place, of="on_hand") == summed(balances, *place, of="on_hand")
    assert summed(ledger, *house, of="picked") == summed(picked, *house)
    assert summed(reserved, *place) == summed(balances, *place, of="allocated")
    assert all(0 <= row["allocated"] <= row["on_hand"] for row in balances), balances


async def formula(books: Books, skus: Sequence[str]) -> None:
    """Per lot and warehouse: what came is on hand, picked, or gone; a step within the house changes neither sum."""
    names = ("sku", "lot", "warehouse")
    ledger = await read(books, "lots", "ledger", skus)
    assert {row["change"] for row in ledger} <= CAME | GONE | STAYED
    for row in ledger:
        row["total"] = row["on_hand"] + row["picked"]
    here = summed(await read(books, "lots", "balance", skus), *names, of="on_hand")
    picked = summed(await read(books, "lots", "picked", skus), *names)
    came = summed([row for row in ledger if row["change"] in CAME], *names, of="total")
    gone = summed([row for row in ledger if row["change"] in GONE], *names, of="total")
    assert not summed([row for row in ledger if row["change"] in STAYED], *names, of="total")
    for lot in came.keys() | here.keys() | picked.keys() | gone.keys():
        zero = Decimal(0)
        left = here.get(lot, zero) + picked.get(lot, zero) - gone.get(lot, zero)
        assert came.get(lot, zero) == left, (lot, came, here, picked, gone)


async def orders_agree(books: Books, skus: Sequence[str]) -> None:
    """What lots has reserved, picked and shipped under each demand is what fulfillment says its orders have."""
    piles = await read(books, "fulfillment", "pile", skus)
    by_status = {status: [row for row in piles if row["status"] == status] for status in ("ALLOCATED", "PICKED")}
    reserved, picked = await read(books, "lots", "reserved", skus), await read(books, "lots", "picked", skus)
    at_place = ("sku", "lot", "order_id", "line", "demand", "location")
    assert summed(by_status["ALLOCATED"], *at_place) == summed(reserved, *at_place)
    in_hand = ("sku", "lot", "order_id", "line", "demand")
    assert summed(by_status["PICKED"], *in_hand) == summed(picked, *in_hand)
    left = [row for row in await read(books, "lots", "ledger", skus) if row["change"] == "SHIPPED"]
    for row in left:
        row["quantity"] = -row["picked"]
    shipped = ("sku", "lot", "order_id", "line", "shipment")
    assert summed([row for row in piles if row["status"] == "SHIPPED"], *shipped) == summed(left, *shipped)


async def lines_add_up(books: Books, skus: Sequence[str]) -> None:
    """A line counts its piles; what it ordered is allocated, picked, shipped or open, and not more."""
    lines = await books.rows(
        "fulfillment",
        """SELECT l.*, o.backorders, o.status FROM order_line l JOIN sales_order o USING (order_id)
           WHERE sku = ANY($1)""",
        list(skus),
    )
    piles = summed(await read(books, "fulfillment", "pile", skus), "order_id", "line", "status")
    open_ = summed(
        [row for row in await read(books, "lots", "demand", skus) if row["status"] == "OPEN"],
        "order_id", "line", of="open",
    )  # fmt: skip
    zero = Decimal(0)
    for line in lines:
        key = (line["order_id"], line["line"])
        for status in ("ALLOCATED", "PICKED", "SHIPPED"):
            assert piles.get((*key, status), zero) == line[status.lower()], line
        if line["cancelled"] or line["waiting"] or line["status"] == "CANCELLED":
            assert key not in open_, line
            continue
        covered = line["allocated"] + line["picked"] + line["shipped"] + open_.get(key, zero)
        assert covered == line["ordered"] or (covered < line["ordered"] and line["backorders"] == "REFUSED"), line


async def nothing_free_is_wanted(books: Books, skus: Sequence[str]) -> None:
    """No demand is open while stock that fits it is free: stored, not allocated, not held, good for long enough."""
    demands = [row for row in await read(books, "lots", "demand", skus) if row["status"] == "OPEN" and row["open"]]
    holds = [row for row in await read(books, "lots", "hold", skus) if row["lifted_at"] is None]
    held = {(row["sku"], row["lot"], row["location"]) for row in holds}
    lots = {(row["sku"], row["lot"]): row for row in await read(books, "lots", "lot", skus)}
    products = {row["sku"]: row["life"] for row in await read(books, "lots", "product", skus)}
    for balance in await read(books, "lots", "balance", skus):
        sku, lot, free = balance["sku"], balance["lot"], balance["on_hand"] - balance["allocated"]
        if not balance["stored"] or not free or held & {(sku, lot, None), (sku, lot, balance["location"])}:
            continue
        for demand in demands:
            # one lot alone has to have enough: what is too little for a demand may stay
            if (demand["sku"], demand["warehouse"]) != (sku, balance["warehouse"]) or demand["single_lot"]:
                continue
            late = too_late(lots[sku, lot]["expiry"], day(0), min_life=_life(products[sku], demand))
            assert late or (demand["lots"] and lot not in demand["lots"]), (demand, balance)


def _life(policy: str, demand: Json) -> int:
    return LifePolicy.model_validate_json(policy).min_life(demand["customer"], demand["min_life_days"])


SUMS = (ledger_is_the_balance, formula)
PROOFS = (*SUMS, orders_agree, lines_add_up, nothing_free_is_wanted)


async def not_mixed(world: World, skus: Sequence[str]) -> None:
    """A storage place holds one lot of a product, unless it was told that it holds two (S30)."""
    told = {
        (sku, event["data"]["location"])
        for sku in skus
        for event in world.listener.heard("lots.events", sku, "lot.mixed.v1")
    }
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in await read(world, "lots", "balance", skus):
        if row["stored"] and row["on_hand"]:
            places[row["sku"], row["location"]].add(row["lot"])
    assert {place for place, lots in places.items() if len(lots) > 1} <= told
