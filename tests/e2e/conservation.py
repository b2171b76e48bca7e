"""Conservation of lot stock, and lots that are not mixed, checked whenever all services are idle."""

from collections import defaultdict
from collections.abc import Sequence

from tests.e2e.system import SystemUnderTest
from tests.support.conservation import PROOFS, read_table


async def assert_conservation(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """Run all checks for these products."""
    for check in PROOFS:
        await check(system, skus)
    await assert_lots_are_not_mixed(system, skus)


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
