"""Conservation of lot stock, and lots that are not mixed, checked whenever all services are idle."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.conservation import PROOFS, read_table

QUANTITIES = ("version", "on_hand", "allocated", "missing", "picked")


async def assert_conservation(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """Run all checks for these products."""
    for check in PROOFS:
        await check(system, skus)
    await assert_lots_are_not_mixed(system, skus)
    await assert_published_balances_are_current(system, skus)


async def assert_published_balances_are_current(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """The published versions of a balance have no gaps; the last one states the stored stock and its holds."""
    published: dict[tuple[str, str, str], JsonObject] = {}
    for sku in skus:
        for event in system.listener.events_of("lots.events", sku, "lot.balances_changed.v1"):
            for state in event["data"]["balances"]:
                key = sku, state["lot"], state["location"]
                previous = published.get(key, {"version": 0})["version"]
                assert state["version"] <= previous + 1, (key, previous, state)
                published[key] = state if state["version"] > previous else published[key]
    picked: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in await read_table(system, "lots", "picked_stock", skus):
        picked[row["sku"], row["lot"], row["location"]] += row["quantity"]
    open_holds = [row for row in await read_table(system, "lots", "hold", skus) if row["released_at"] is None]
    for row in await read_table(system, "lots", "balance", skus):
        key = row["sku"], row["lot"], row["location"]
        assert row["picked"] == picked.pop(key, 0), row
        state = published.pop(key, dict.fromkeys((*QUANTITIES, "open_holds"), 0))
        assert [Decimal(state[name]) for name in QUANTITIES] == [row[name] for name in QUANTITIES], (state, row)
        holds = [
            hold for hold in open_holds if (hold["sku"], hold["lot"]) == key[:2] and hold["location"] in {None, key[2]}
        ]
        assert state["open_holds"] == len(holds) * bool(row["on_hand"] or row["picked"]), (state, holds)
    assert not published
    assert not any(picked.values())


async def assert_lots_are_not_mixed(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """A storage location holds one lot of a product, unless mixing was reported (S30)."""
    reported = {
        (sku, event["data"]["location"])
        for sku in skus
        for event in system.listener.events_of("lots.events", sku, "lot.mixing_detected.v1")
    }
    lots_by_location: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in await read_table(system, "lots", "balance", skus):
        if row["is_storage"] and row["on_hand"]:
            lots_by_location[row["sku"], row["location"]].add(row["lot"])
    assert {location for location, lots in lots_by_location.items() if len(lots) > 1} <= reported
