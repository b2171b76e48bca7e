"""Allocation of any kind of stock to demands."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from shared.contracts.envelope import Causation
from shared.inventory.allocation import allocate
from shared.inventory.backorders import BackorderUnitOfWork
from shared.inventory.demand import Demand, Pool
from shared.unit_of_work import MessageContext
from tests.support.in_memory.service import numbered_ids
from tests.support.messages.serials import request_allocation

POOL = ("A-1", "EAST")


class Item(NamedTuple):
    """Toy stock."""

    key: tuple[str, str]
    lot: str | None = None
    quantity: int = 1


def context(actor: str) -> MessageContext:
    """Build the context of a message of an actor."""
    return MessageContext(actor, datetime(2026, 1, 5, tzinfo=UTC), Causation(source="test", id=actor))


def allocated(
    stock: list[Item],
    requests: dict[str, dict[str, Any]],
    released: dict[Pool, list[tuple[str, str]]],
    to_answer: tuple[str, ...] = (),
) -> list[tuple[str, list[tuple[str, str]], str]]:
    """Allocate toy stock; returns the demand, keys and actor of each allocation."""
    uow = BackorderUnitOfWork[Demand[int]](datetime(2026, 1, 5, tzinfo=UTC), numbered_ids())
    for demand_id, overrides in requests.items():
        uow.demands.load([Demand.from_request(request_allocation(demand_id, 1, **overrides), 1, allowed_lots=())])
    uow.demands_to_answer |= {demand_id: context(f"request {demand_id}") for demand_id in to_answer}
    released_stock = {pool: {key: context(f"release {key[1]}") for key in keys} for pool, keys in released.items()}
    allocations = allocate(
        uow, uow.open_demands, released_stock,
        lambda _: lambda demand: [stock.pop(0) for _ in stock[: demand.open_quantity]],
    )  # fmt: skip
    return [
        (allocation.demand.demand_id, [item.key for item in allocation.taken], allocation.context.actor)
        for allocation in allocations
    ]


def test_allocation_in_queue_order() -> None:
    """Priority, then age decides; the cause is the request, else the release of this stock, else the latest (S22)."""
    keys = [("A-1", number) for number in ("1", "2", "3")]
    assert allocated(
        [Item(key) for key in keys],
        {"D1": {}, "D2": {"priority": 9}, "D3": {}, "D4": {}, "D5": {}},
        {POOL: [keys[0], ("A-1", "9")]},
        ("D3", "D5"),
    ) == [
        ("D2", [keys[0]], "release 1"),
        ("D1", [keys[1]], "release 9"),
        ("D3", [keys[2]], "request D3"),
        ("D5", [], "request D5"),
    ]


def test_nothing_is_allocated_without_released_stock() -> None:
    """A loaded demand gets no stock unless stock of its pool was released, even if some matches (S28)."""
    stock = [Item(("A-1", "1"))]
    assert allocated(stock, {"D1": {}}, {("A-1", "WEST"): [("A-1", "2")], POOL: []}) == []
    assert len(stock) == 1
