"""Counts under load: what a person finds at a location, whatever the services have processed by then."""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter

from shared.contracts.commands.lots import CountLot
from shared.contracts.commands.serials import CountSerials
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, CloudEvent, chunks
from shared.contracts.fulfillment import OrderDispatched, OrderLotsPicked, OrderLotsUnpicked
from shared.contracts.lot_balances import LotCounted, LotVarianceChanged
from shared.contracts.lots import LotMoved
from shared.contracts.serials import SerialStateChanged
from tests.faults.order_script import select_units
from tests.faults.plan import STAGING, UnitKey
from tests.faults.upstream import ACTOR, SOURCE, Event, UpstreamClient

STORED = {"IN_INVENTORY", "ALLOCATED"}
LotPlace = tuple[str, str]
"""A lot at a location."""


class StockCounts:
    """Physical moves of a lot-tracked product with their times, and counts of them."""

    def __init__(self, upstream: UpstreamClient, sku: str) -> None:
        self.upstream, self.sku = upstream, sku
        self.tasks: asyncio.TaskGroup
        self.sent = self.settled = 0
        """Counts of lots."""
        self.missing: dict[LotPlace, Decimal] = {}
        """Quantities under investigation."""
        self.variances: list[LotCounted] = []
        """Counts that found anything else than the books of their time: none."""
        self._moves: dict[LotPlace, list[tuple[datetime, Decimal]]] = defaultdict(list)
        self._unfinished: dict[str, datetime] = {}
        self._locks: dict[LotPlace, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._locations: dict[UnitKey, tuple[int, str | None]] = {}

    @property
    def are_complete(self) -> bool:
        """Return whether all counts are settled and nothing is under investigation."""
        return self.sent == self.settled and not any(self.missing.values())

    def begin(self, move: str) -> None:
        """Note that a move begins; its time and effect are not known yet."""
        self._unfinished.setdefault(move, datetime.now(UTC))

    def end(self, move: str) -> None:
        """Note that the lots service has booked a move, or that it does not happen."""
        self._unfinished.pop(move, None)

    def on_event(self, event: Event) -> None:
        """Note the physical move of an event, or the result of a count."""
        match event.data:
            case LotMoved(sku=self.sku):
                self._on_moved(event)
            case OrderLotsPicked(sku=self.sku) | OrderLotsUnpicked(sku=self.sku) | OrderDispatched():
                self._on_order_moves(event)
            case LotVarianceChanged(sku=self.sku, lot=lot, location=location, missing=missing):
                self.missing[lot, location] = missing
            case LotCounted(sku=self.sku):
                self._on_counted(event.data)
            case SerialStateChanged():
                self._on_units(event.data)

    def _on_moved(self, event: CloudEvent[LotMoved]) -> None:
        data = event.data
        is_ours = data.cause and data.cause.source == SOURCE
        moved_at = self.upstream.sent_at[data.cause.id] if data.cause and is_ours else event.time
        self._move(moved_at, data.lot, data.from_location, data.location, data.quantity)
        self.end(f"{data.document} {data.lot}")

    def _on_order_moves(self, event: Event) -> None:
        match event.data:
            case OrderLotsPicked(lots=lots, location=location):
                for lot in lots:
                    self._move(event.time, lot.lot, lot.location, location, lot.quantity)
            case OrderLotsUnpicked(lots=lots, location=location):
                for picked in lots:
                    self._move(event.time, picked.lot, picked.location or STAGING, location, picked.quantity)
            case OrderDispatched(stock=stock):
                for packed in (packed for packed in stock if packed.sku == self.sku):
                    self._move(event.time, packed.lot, packed.location or STAGING, "", packed.quantity)

    def _on_counted(self, count: LotCounted) -> None:
        self.settled += 1
        if count.variance or count.status != "SETTLED":
            self.variances.append(count)

    def _on_units(self, data: SerialStateChanged) -> None:
        location = data.location if data.status in STORED else None
        for serial, version in zip(data.serials, data.versions, strict=True):
            key = data.sku, serial
            self._locations[key] = max((version, location), self._locations.get(key, (0, None)), key=itemgetter(0))

    def _move(self, at: datetime, lot: str, from_location: str, location: str, quantity: Decimal) -> None:
        self._moves[lot, from_location].append((at, -quantity))
        self._moves[lot, location].append((at, quantity))

    def quantity(self, lot: str, location: str, at: datetime | None = None) -> Decimal:
        """Return what stood at a location at a time, or what stands there."""
        moves = self._moves[lot, location]
        return sum((quantity for moved_at, quantity in moves if at is None or moved_at <= at), Decimal(0))

    def request_count(self, lot: str, location: str) -> None:
        """Count a lot in the background."""
        self.sent += 1
        self.tasks.create_task(self._count_lot(lot, location))

    async def _count_lot(self, lot: str, location: str) -> None:
        """Count a lot; report it once the effect of all moves from before the count is known."""
        async with self._locks[lot, location]:
            counted_at = datetime.now(UTC)
            try:
                await self.upstream.wait_until(lambda: self._is_known(counted_at), "moves before a count have ended")
            except AssertionError as error:
                raise AssertionError(f"{error}: {self._unfinished}") from None
            counted = self.quantity(lot, location, counted_at)
            await self.upstream.publish(
                CountLot(
                    actor=ACTOR, sku=self.sku, lot=lot, location=location, counted=counted, counted_at=counted_at,
                    reason="cycle count",
                )
            )  # fmt: skip

    def _is_known(self, at: datetime) -> bool:
        """Return whether the effect of all moves that began until a time is known."""
        return all(begun_at > at for begun_at in self._unfinished.values())

    async def count_units(self, count_id: str, location: str) -> None:
        """Count the units at a location, in several parts if there are many."""
        async with self._locks["", location]:
            units = {key for key, (_, unit_location) in self._locations.items() if unit_location == location}
            parts = list(chunks(select_units(units), MAX_ITEMS_PER_MESSAGE))
            counted_at = datetime.now(UTC)
            for number, part in enumerate(parts, start=1):
                await self.upstream.publish(
                    CountSerials(
                        actor=ACTOR, count_id=count_id, location=location, units=list(part), part=number,
                        parts=len(parts), counted_at=counted_at, reason="cycle count",
                    )
                )  # fmt: skip
