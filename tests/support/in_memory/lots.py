"""The lots service in memory: its handlers and policies on one unit of work that holds all rows."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.lots.app import app
from services.lots.balances.domain.ledger import Correction, LedgerEntry, later_changes
from services.lots.balances.domain.records import (
    ZERO,
    BalanceKey,
    CountRecord,
    DemandRef,
    Hold,
    LotInWarehouse,
    Reservation,
    ShippedQuantity,
)
from services.lots.balances.domain.scans import USES
from services.lots.recalls.domain.unit_of_work import RecallsUnitOfWork
from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.commands.lots import AdjustLot, CountLot, MoveLot, PutAwayLot
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.fulfillment import OrderLotsDeallocated
from shared.contracts.reference import LocationChanged, Tracking
from shared.identifiers import warehouse_of
from shared.inventory.count_times import time_of_count
from shared.inventory.scan_meanings import Catalogue, KnownName, KnownProduct
from shared.inventory.shelf_life import ShelfLifeRules
from shared.messaging.handlers import Policy
from shared.unit_of_work import CommandResult
from tests.support.events import NOW, to_event
from tests.support.in_memory.service import InMemoryService, numbered_ids
from tests.support.messages.lots import LOCATION_TYPES, OUTBOUND, ProductMessages


class InMemoryLots(InMemoryService[RecallsUnitOfWork]):
    """The service with its unit of work; a rule of a test may look at it before the policies are applied."""

    def __init__(self, tracking: Mapping[str, Tracking] | None = None, now: datetime = NOW) -> None:
        registry = app.state.registry
        policies = (Policy(lambda _: self.before_policies()), *registry.policies)
        super().__init__(
            replace(registry, policies=policies), RecallsUnitOfWork(now, numbered_ids()), self._accept_rows, now
        )
        self.uow.tracking |= tracking or {"A-1": "LOT"}
        self.uow.location_types |= LOCATION_TYPES
        self.uow.event = to_event(ProductMessages().count("B-1", 0))
        self.time_zones: dict[str, str] = {}
        self.barcodes: list[KnownName] = []
        """Barcodes of the products."""
        self.ledger: list[LedgerEntry] = []
        self.corrections: list[Correction] = []
        self.counts: list[CountRecord] = []
        self.events: list[CloudEvent[Any]] = []
        """The events of the transaction."""
        self.next_checks: dict[LotInWarehouse, date] = {}

    uses = USES

    def catalogue(self) -> Catalogue:
        """Products, lots and the barcodes of the test."""
        products = [KnownProduct(sku, tracking) for sku, tracking in self.uow.tracking.items()]
        names = [KnownName("SKU", sku, sku) for sku in self.uow.tracking]
        names += [KnownName("LOT", lot.lot, lot.sku) for lot in self.uow.lots]
        return Catalogue(products, [*names, *self.barcodes])

    def before_policies(self) -> None:
        """Do nothing after the messages of a transaction."""

    def _accept_rows(self, uow: RecallsUnitOfWork) -> None:
        self.ledger += uow.ledger
        self.corrections += uow.corrections
        for correction in uow.corrections:
            if correction.expiry != correction.previous_expiry:
                self._rearm_checks(correction.lot)
        self.next_checks |= uow.next_checks
        self._accept_counts(uow)
        for changes in (uow.ledger, uow.corrections, uow.next_checks, uow.skus_to_check):
            changes.clear()
        self._find_later_changes()
        self._find_shipped()

    def _accept_counts(self, uow: RecallsUnitOfWork) -> None:
        """Keep counts with the changes of their variances; a settled count supersedes earlier discrepancies."""
        for count in uow.counts:
            place, is_settled = (count.sku, count.lot, count.location), count.status == "SETTLED"
            self.counts = [
                earlier._replace(status="SUPERSEDED")
                if is_settled and earlier.status == "DISCREPANCY" and place == earlier[:3]
                and earlier.counted_at <= count.counted_at
                else earlier
                for earlier in self.counts
            ] + [count]  # fmt: skip
        for (key, counted_at), change in uow.count_revisions.items():
            index, count = next(
                (index, count)
                for index, count in enumerate(self.counts)
                if (count[:3], count.counted_at, count.status) == (key, counted_at, "SETTLED")
            )
            self.counts[index] = count._replace(books=count.books - change, variance=count.variance + change)
        for rows in (uow.counts, uow.counted_balances, uow.count_revisions):
            rows.clear()

    def _find_later_changes(self) -> None:
        """Find the later changes of counts and of other commands, like their loads."""
        self.uow.later_changes.clear()
        for event in self.events:
            if not isinstance(event.data, CountLot | AdjustLot | MoveLot | PutAwayLot | CorrectLotNumber):
                continue
            location = getattr(event.data, "from_location", event.data.location)
            sku, lot = event.data.sku, getattr(event.data, "from_lot", event.data.lot)
            at = min(time_of_count(event), self.now) if isinstance(event.data, CountLot) else event.time
            for name in [location] if location else self.uow.location_types:
                self.uow.later_changes[(sku, lot, name), at] = [
                    change
                    for entry in self.ledger
                    if (entry.sku, entry.lot) == (sku, lot) and min(entry.occurred_at, entry.recorded_at) > at
                    for change in later_changes(entry, name)
                ]

    def _find_shipped(self) -> None:
        """Sum up what has shipped, like the load of corrections of lot numbers."""
        shipped: dict[tuple[str, ...], ShippedQuantity] = {}
        for entry in self.ledger:
            if entry.change == "SHIPPED":
                row = ShippedQuantity(
                    entry.sku, entry.lot, entry.warehouse, entry.order_id or "?", entry.line or "?",
                    entry.demand_id or "?", entry.shipment or "?", entry.customer or "?", ZERO,
                )  # fmt: skip
                key = (row.lot, row.warehouse, row.order_id, row.line, row.demand_id, row.shipment)
                shipped.setdefault(key, row).quantity -= entry.picked
        self.uow.shipped = [row for row in shipped.values() if row.quantity > 0]

    def _rearm_checks(self, lot: str) -> None:
        """Check a lot again at all thresholds."""
        self.next_checks = {key: day for key, day in self.next_checks.items() if key.lot != lot}
        for notice in [notice for notice in self.uow.notices if notice.lot == lot]:
            self.uow.notices.remove(self.uow.notices.key(notice))

    def handle_events(self, events: list[CloudEvent[Any]]) -> list[CommandResult]:
        """Handle events as one transaction, with what the loads look up."""
        self.uow.shelf_life_rules = {
            (sku, warehouse_of(location)): ShelfLifeRules.as_of(
                self.now, self.time_zones.get(warehouse_of(location), "UTC"), self.uow.shelf_life.get(sku)
            )
            for sku in self.uow.tracking
            for location in self.uow.location_types
        }
        self.uow.allocating_orders.clear()
        for row in self.uow.reservations:
            if row.quantity:
                self.uow.allocating_orders.setdefault((row.sku, row.lot, row.location), []).append(row.order_id)
        self.events = events
        self._find_later_changes()
        self._find_shipped()
        self.uow.on_hand_changes.clear()
        for at in {event.time for event in events if isinstance(event.data, OrderLotsDeallocated)}:
            for entry in self.ledger:
                if entry.location and entry.occurred_at > at:
                    key = (entry.sku, entry.lot, entry.location), at
                    self.uow.on_hand_changes[key] = self.uow.on_hand_changes.get(key, ZERO) + entry.on_hand
        self.uow.same_numbered_lots.clear()
        for lot in self.uow.lots:
            self.uow.same_numbered_lots.setdefault(lot.lot, []).append(lot.sku)
        for event in events:
            if isinstance(event.data, LocationChanged):
                self._change_location(event.data)
        return super().handle_events(events)

    def _change_location(self, change: LocationChanged) -> None:
        """Do the work of the load of a changed location."""
        uow = self.uow
        uow.location_types[change.location] = change.type
        (uow.inactive_locations.discard if change.is_active else uow.inactive_locations.add)(change.location)
        is_allocatable = uow.is_allocatable(change.location)
        uow.skus_by_changed_location[change.location] = sorted(
            {
                balance.sku
                for balance in uow.balances
                if balance.location == change.location and balance.on_hand > 0 and balance.is_storage != is_allocatable
            }
        )

    def rejection_codes(self, *commands: Message) -> list[str | None]:
        """Handle commands; return the rejection code of each, or None."""
        results = self.handle(*commands)
        return [str(result.violations[0].code) if result.violations else None for result in results]

    def allocate(self, key: BalanceKey, demand_ref: DemandRef, quantity: Decimal) -> None:
        """Allocate a quantity of a balance to a demand."""
        self.change(lambda uow: uow.allocate(uow.balances[key], demand_ref, quantity))

    def pick(self, row: Reservation, quantity: Decimal, location: str = OUTBOUND) -> None:
        """Pick a quantity of a reservation."""
        documents = {"order_id": row.order_id, "line": row.line, "demand_id": row.demand_id}
        self.change(lambda uow: uow.pick(row, quantity, location, **documents))

    def change(self, change: Callable[[RecallsUnitOfWork], None]) -> None:
        """Change stock without a message."""
        self.uow.emitted = []
        change(self.uow)
        self.published += self.uow.emitted
        self.handle()

    def quantities_at(self, lot: str, location: str, sku: str = "A-1") -> tuple[Decimal, Decimal]:
        """Return the quantities on hand and allocated of a lot at a location."""
        balance = self.uow.balances.get((sku, lot, location))
        return (balance.on_hand, balance.allocated) if balance else (ZERO, ZERO)

    def open_holds(self) -> list[Hold]:
        """Return all open holds."""
        return [hold for hold in self.uow.holds if hold.is_open]
