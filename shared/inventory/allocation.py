"""Allocation of available stock to open demands: by priority, then order age; first expired, first out (S27).

Among the demands of one order, narrow criteria come first, so that no line takes what another one lists (S08).

Stock is released by putaways, deallocations, unpicks, cancellations, released holds, counts, corrected dates, relaxed
policies and earlier local dates. Each transaction that releases stock allocates it before its end, so that no retry is
needed. Demands without matching stock are skipped.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel

from shared.contracts.envelope import Message, chunks
from shared.inventory.backorders import BackorderUnitOfWork
from shared.inventory.demand import Demand, Pool
from shared.unit_of_work import MessageContext, UnitOfWork


class AllocatedStock(Protocol):
    """Stock allocated to a demand: a unit, or a quantity of a lot at a location."""

    @property
    def quantity(self) -> Any:
        """Allocated quantity."""

    @property
    def lot(self) -> str | None:
        """Lot number."""

    @property
    def key(self) -> tuple[str, str]:
        """Key in the released stock of its pool."""


D = TypeVar("D", bound=Demand[Any])
A = TypeVar("A", bound=AllocatedStock)


class Allocation(NamedTuple, Generic[D, A]):
    """Stock allocated to a demand in one transaction; none if a new demand finds no stock."""

    demand: D
    taken: Sequence[A]
    open_quantity_before: Any
    context: MessageContext

    @property
    def is_short(self) -> bool:
        """Whether the open quantity was not filled completely."""
        return bool(sum(item.quantity for item in self.taken) < self.open_quantity_before)


def allocate(
    uow: BackorderUnitOfWork[D],
    demands: Iterable[D],
    released_stock: Mapping[Pool, dict[tuple[str, str], MessageContext]],
    stock_of: Callable[[Pool], Callable[[D], Sequence[A]]],
) -> Iterator[Allocation[D, A]]:
    """Allocate the available stock of each pool. Released stock has the context that released it.

    `stock_of` returns the function that takes stock of a pool for a demand. The caller assigns the stock of each
    allocation; then the demand is updated.
    """
    demands_by_pool: dict[Pool, list[D]] = defaultdict(list)
    for demand in demands:
        demands_by_pool[demand.pool].append(demand)
    for pool, pool_demands in demands_by_pool.items():
        released, take = released_stock.get(pool), stock_of(pool)
        for demand in _queue(pool_demands, uow.handed_over):
            context = uow.demands_to_answer.get(demand.demand_id)
            # Without either, the demand was loaded by id. Stock that matches only since a time zone change is
            # allocated by the reallocation that the change requests.
            taken = take(demand) if context or released else ()
            if released and taken and not context:
                context = released.get(taken[-1].key) or next(reversed(released.values()))
            if context:
                yield Allocation(demand, taken, demand.open_quantity, context)
                demand.record_allocation(sum(item.quantity for item in taken), taken[0].lot if taken else None)
    uow.demands_to_answer.clear()
    uow.handed_over.clear()


def _queue(demands: Sequence[D], handed_over: Collection[str]) -> Sequence[D]:
    """Sort demands: an order keeps its positions in the queue and fills them with its narrow demands first.

    Stock that is handed over is claimed before the queue.
    """
    queue = sorted(demands, key=lambda demand: demand.queue_key)
    by_order: dict[str, list[D]] = defaultdict(list)
    for demand in queue:
        by_order[demand.order_id].append(demand)
    if len(by_order) < len(queue):
        narrow_first = {
            order_id: iter(sorted(members, key=lambda demand: demand.narrow_first_key))
            for order_id, members in by_order.items()
        }
        queue = [next(narrow_first[demand.order_id]) for demand in queue]
    return sorted(queue, key=lambda demand: demand.demand_id not in handed_over) if handed_over else queue


def emit_allocation(
    uow: UnitOfWork,
    allocation: Allocation[D, A],
    message_type: type[Message],
    describe: Callable[[A], BaseModel],
    skipped: Sequence[BaseModel],
) -> None:
    """Emit events in batches. Each carries the open quantity after it; only the last may be final."""
    demand, taken, open_quantity, context = allocation
    batches = list(chunks(taken)) or [()]
    for position, batch in enumerate(batches, start=1):
        open_quantity -= sum(item.quantity for item in batch)
        is_last = position == len(batches)
        uow.emit(
            message_type, context, sku=demand.sku, demand_id=demand.demand_id, order=demand.order_id, line=demand.line,
            allocated=list(map(describe, batch)), open_quantity=open_quantity,
            final=is_last and demand.shortfall == "CANCEL", skipped=skipped if is_last else [],
        )  # fmt: skip
