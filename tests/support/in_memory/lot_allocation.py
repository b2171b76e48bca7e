"""The allocation rules on one in-memory unit of work, and an oracle that allocates unit by unit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.lots.allocation.domain import fulfillment_events
from services.lots.allocation.domain.allocate import Allocation, allocate
from services.lots.allocation.domain.available_lots import AvailableLots, ShelfLifeRules, group_available_balances
from services.lots.allocation.domain.demand import Demand, DemandSet
from services.lots.allocation.domain.dispatch import check_dispatch, ship
from services.lots.allocation.domain.dispatch_rules import DispatchRules
from services.lots.balances.domain.holds import place, release
from services.lots.balances.domain.ledger import DocumentRefs, LotChangeType, MessageContext
from services.lots.balances.domain.records import Balance, Lot, PickedQuantity
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import Causation
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
)
from shared.contracts.lots import RejectedLot
from shared.contracts.upstream import CustomerShelfLife, ShelfLifePolicy
from shared.identifiers import warehouse_of
from tests.support.events import to_event

NOON = datetime(2027, 3, 31, 11, 30, tzinfo=UTC)
ZONES = {"EAST": "Pacific/Kiritimati", "WEST": "Etc/GMT+12"}
"""Shortly before noon in London: already tomorrow in EAST, still yesterday in WEST."""

POLICY = ShelfLifePolicy(
    stop_allocation_days=2,
    customers=[
        CustomerShelfLife(customer="C-2", min_remaining_shelf_life_days=4),
        CustomerShelfLife(customer="C-3", min_remaining_shelf_life_days=1),
    ],
)
PICK_SEQUENCE = {"EAST/1": 3, "EAST/2": 1, "EAST/3": 1, "WEST/1": 1}
CONTEXT = MessageContext("anna", NOON, Causation(source="test", id="m0"), "test")


class AllocatedPart(NamedTuple):
    """An allocated quantity of a lot at a location, for one demand."""

    demand_id: str
    lot: str
    location: str
    quantity: int


@dataclass
class InMemoryAllocation:
    """One product in two warehouses with all its demands. Everything is always loaded."""

    now: datetime = NOON
    zones: Mapping[str, str] = field(default_factory=lambda: ZONES)
    pick_sequence: Mapping[str, int] = field(default_factory=lambda: PICK_SEQUENCE)
    policy: ShelfLifePolicy = POLICY
    sku: str = "A-1"
    demands: DemandSet = field(default_factory=DemandSet)
    uow: LotsUnitOfWork = field(init=False)

    def __post_init__(self) -> None:
        """Start with an empty unit of work."""
        self.uow = LotsUnitOfWork(self.now)

    @property
    def today(self) -> date:
        """The local date in the first warehouse."""
        return self.now.astimezone(ZoneInfo(next(iter(self.zones.values())))).date()

    def add_lot(self, number: str, expiry: date | None, received_day: int) -> None:
        """Register a lot."""
        received_at = self.now - timedelta(days=90 - received_day)
        self.uow.lots[self.sku, number] = Lot(
            sku=self.sku, lot=number, expiry=expiry, manufactured_on=None, best_before=None,
            first_received_at=received_at, supplier="Dairy",
        )  # fmt: skip

    def add_stock(self, number: str, location: str, quantity: int) -> list[Allocation]:
        """Add available stock at a location."""
        balance = self.uow.balances.setdefault(
            (self.sku, number, location),
            Balance(sku=self.sku, lot=number, location=location, warehouse=warehouse_of(location), is_storage=True),
        )
        self.uow.adjust_on_hand(LotChangeType.FOUND, balance, Decimal(quantity), CONTEXT, DocumentRefs())
        return self.allocate()

    def place_hold(self, number: str, location: str | None) -> None:
        """Place a hold on a lot, everywhere or at one location."""
        place(self.uow, self.uow.lots[self.sku, number], f"H-{location}", "MANUAL", CONTEXT, location=location)

    def release_holds(self, number: str) -> list[Allocation]:
        """Release all holds of a lot."""
        for hold in self.uow.open_holds(self.sku, number):
            release(self.uow, hold, CONTEXT)
        return self.allocate()

    def change_policy(self, policy: ShelfLifePolicy) -> list[Allocation]:
        """Change the shelf-life policy and reallocate."""
        self.policy = policy
        for balance in self.uow.balances.values():
            self.uow.mark_released(balance, CONTEXT)
        return self.allocate()

    def request_allocation(self, *requests: AllocationRequested) -> list[Allocation]:
        """Open demands and allocate."""
        self.demands.open([to_event(request) for request in requests])
        return self.allocate()

    def cancel_allocation(self, payload: AllocationCancelled) -> list[Allocation]:
        """Cancel a demand."""
        self.demands.cancel([to_event(payload)])
        fulfillment_events.release_allocations(self.uow, [to_event(payload)])
        return self.allocate()

    def deallocate(self, payload: OrderLotsDeallocated) -> list[Allocation]:
        """Return allocated stock."""
        _, reallocations = fulfillment_events.deallocate(self.uow, [to_event(payload)])
        self.demands.reopen(reallocations)
        return self.allocate()

    def pick(self, payload: OrderLotsPicked) -> list[Allocation]:
        """Pick allocated stock."""
        fulfillment_events.pick(self.uow, [to_event(payload)])
        return self.allocate()

    def unpick(self, payload: OrderLotsUnpicked) -> list[Allocation]:
        """Put picked stock back to a location."""
        self.uow.location_types = dict.fromkeys(self.pick_sequence, "STORAGE")
        _, reallocations = fulfillment_events.unpick(self.uow, [to_event(payload)])
        self.demands.reopen(reallocations)
        return self.allocate()

    def ship(self, payload: OrderDispatched) -> list[Allocation]:
        """Ship picked stock."""
        ship(self.dispatch_rules, [to_event(payload)])
        return self.allocate()

    def check_dispatch(self, payload: DispatchCheckRequested) -> str | None:
        """Run a dispatch check; return the first rejection code or `None`."""
        [check_result] = check_dispatch(self.dispatch_rules, [to_event(payload)], self.now)
        return next((lot.code for lot in check_result.stock if isinstance(lot, RejectedLot)), None)

    @property
    def dispatch_rules(self) -> DispatchRules:
        """The dispatch rules of all warehouses."""
        shelf_life_by_pool = {(self.sku, name): ShelfLifeRules(zone, self.policy) for name, zone in self.zones.items()}
        return DispatchRules(self.uow, shelf_life_by_pool)

    def advance_days(self, days: int) -> list[Allocation]:
        """Advance the clock by whole days and reallocate."""
        self.now += timedelta(days)
        self.uow.now = self.now
        return self.allocate()

    def allocate(self) -> list[Allocation]:
        """Allocate as the handlers do, but with all demands and balances loaded."""
        pools = {(self.sku, warehouse) for warehouse in self.zones}
        available_by_pool = {
            pool: AvailableLots.from_balances(
                self.uow, ShelfLifeRules(self.zones[pool[1]], self.policy), balances, self.pick_sequence
            )
            for pool, balances in group_available_balances(self.uow, pools).items()
        }
        allocations = allocate(self.uow, available_by_pool, self.demands)
        self.demands.to_answer.clear()
        self.uow.released_stock.clear()
        return allocations


def allocated_parts(allocations: list[Allocation]) -> list[AllocatedPart]:
    """The allocated quantities, one part per demand, lot and location."""
    return [
        AllocatedPart(allocation.demand.demand_id, lot.lot, lot.location, int(quantity))
        for allocation in allocations
        for lot, quantity in allocation.allocated
    ]


class StockUnit(NamedTuple):
    """One unit of available stock; its fields are in allocation order."""

    expiry: date
    never_expires: bool
    received_at: datetime
    lot: str
    pick_sequence: int
    location: str


class AllocationOracle:
    """The expected allocations of available stock to open demands, computed unit by unit and without state."""

    def __init__(self, service: InMemoryAllocation) -> None:
        self.service = service
        self.units = sorted(unit for balance in service.uow.balances.values() for unit in self._units(balance))

    def _units(self, balance: Balance) -> Iterator[StockUnit]:
        lot = self.service.uow.lots[self.service.sku, balance.lot]
        holds = [
            hold for hold in self.service.uow.holds.get((self.service.sku, balance.lot), []) if hold.released_at is None
        ]
        if not any(hold.location in {None, balance.location} for hold in holds):
            for _ in range(int(balance.on_hand - balance.allocated)):
                pick_sequence = self.service.pick_sequence[balance.location]
                expiry = lot.expiry or date.max
                yield StockUnit(
                    expiry, lot.expiry is None, lot.first_received_at, lot.lot, pick_sequence, balance.location
                )

    def agreed_days(self, customer: str) -> int:
        """The remaining shelf life in days agreed with a customer."""
        agreements = {
            agreement.customer: agreement.min_remaining_shelf_life_days for agreement in self.service.policy.customers
        }
        return agreements.get(customer, 0)

    def matching_units(self, demand: Demand) -> list[StockUnit]:
        """The units that satisfy a demand: warehouse, lot and remaining shelf life match today."""
        stop_days, agreed_days = self.service.policy.stop_allocation_days, self.agreed_days(demand.customer)
        today = self.service.now.astimezone(ZoneInfo(self.service.zones[demand.warehouse])).date()
        min_expiry = today + timedelta(max(stop_days, agreed_days, demand.min_remaining_shelf_life_days))
        required_lots = (self.allocated_lots(demand) if demand.single_lot else ()) or demand.allowed_lots
        return [
            unit for unit in self.units
            if unit.location.split("/")[0] == demand.warehouse
            and (unit.never_expires or unit.expiry >= min_expiry)
            and (not required_lots or unit.lot in required_lots)
        ]  # fmt: skip

    def allocated_lots(self, demand: Demand) -> set[str]:
        """The lots ever allocated to a demand. Includes reservations with quantity zero."""
        return {row.lot for row in self.service.uow.reservations.values() if row.demand_id == demand.demand_id}

    def can_ship(self, picked: PickedQuantity, customer: str) -> bool:
        """Whether picked stock may ship today: no hold on the whole lot and enough remaining shelf life."""
        service = self.service
        lot, zone = service.uow.lots[picked.sku, picked.lot], ZoneInfo(service.zones[picked.warehouse])
        holds = [hold for hold in service.uow.holds.get((picked.sku, picked.lot), []) if hold.released_at is None]
        days_left = 0 if lot.expiry is None else (lot.expiry - service.now.astimezone(zone).date()).days
        return all(hold.location for hold in holds) and (lot.expiry is None or days_left >= self.agreed_days(customer))

    def expected_allocations(self, demands: list[Demand]) -> list[AllocatedPart]:
        """Allocate the first matching units to each demand in queue order, up to its open quantity."""
        count_by_key: dict[tuple[str, str, str], int] = {}
        for demand in sorted(demands, key=lambda demand: (-demand.priority, demand.placed_at, demand.demand_id)):
            matching = self.matching_units(demand)
            if demand.single_lot:
                lots = [unit.lot for unit in matching]
                sufficient_lot = next(
                    (unit.lot for unit in matching if lots.count(unit.lot) >= demand.open_quantity), None
                )
                matching = [unit for unit in matching if unit.lot == sufficient_lot]
            for unit in matching[: int(demand.open_quantity)]:
                self.units.remove(unit)
                key = demand.demand_id, unit.lot, unit.location
                count_by_key[key] = count_by_key.get(key, 0) + 1
        return [AllocatedPart(*key, quantity) for key, quantity in count_by_key.items()]
