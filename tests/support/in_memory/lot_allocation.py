"""Allocation in the lots service in memory, and an oracle that allocates unit by unit."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.lots.balances.domain.demands import Demand
from services.lots.balances.domain.records import Balance, Hold, Lot, PickedQuantity, split_quantity
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import DispatchCheckRequested
from shared.contracts.lots import LotAllocated, LotDispatchApproved, LotDispatchRejected
from shared.contracts.product_attributes import CustomerShelfLife, ShelfLifePolicy
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.reference import product_changed

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


class AllocatedPart(NamedTuple):
    """An allocated quantity of a lot at a location, for one demand."""

    demand_id: str
    lot: str
    location: str
    quantity: int


class InMemoryAllocation(InMemoryLots):
    """One product in two warehouses with all its demands."""

    def __init__(
        self,
        now: datetime = NOON,
        zones: Mapping[str, str] = ZONES,
        pick_sequence: Mapping[str, int] = PICK_SEQUENCE,
        policy: ShelfLifePolicy = POLICY,
        sku: str = "A-1",
    ) -> None:
        super().__init__({sku: "LOT"}, now)
        self.sku, self.messages, self.hold_count = sku, OrderMessages(sku), 0
        self.time_zones |= zones
        self.uow.pick_sequence |= pick_sequence
        self.uow.location_types |= dict.fromkeys(pick_sequence, "STORAGE")
        self.uow.shelf_life[sku] = policy

    @property
    def policy(self) -> ShelfLifePolicy:
        """The shelf-life policy in force."""
        return self.uow.shelf_life[self.sku]

    @property
    def today(self) -> date:
        """The local date in the first warehouse."""
        return self.today_in(next(iter(self.time_zones)))

    def today_in(self, warehouse: str) -> date:
        """Return the local date in a warehouse."""
        return self.now.astimezone(ZoneInfo(self.time_zones[warehouse])).date()

    @property
    def open_demands(self) -> list[Demand]:
        """Demands with an open quantity."""
        return [demand for demand in self.uow.demands if demand.open_quantity]

    def play(self, *messages: Message) -> list[LotAllocated]:
        """Handle messages as one transaction; return its allocations."""
        count = len(self.published)
        self.handle(*messages)
        return [event for event in self.published[count:] if isinstance(event, LotAllocated)]

    def add_lot(self, number: str, expiry: date | None, received_day: int) -> None:
        """Register a lot."""
        received_at = self.now - timedelta(days=90 - received_day)
        self.uow.lots.put(
            Lot(
                sku=self.sku, lot=number, expiry=expiry, manufactured_on=None, best_before=None,
                first_received_at=received_at, supplier="Dairy",
            )
        )  # fmt: skip

    def add_stock(self, number: str, location: str, quantity: int) -> list[LotAllocated]:
        """Receive available stock at a location."""
        portions = [self.messages.received_lot(number, portion, None) for portion in split_quantity(Decimal(quantity))]
        return self.play(self.messages.receive(*portions, location=location))

    def place_hold(self, number: str, location: str | None) -> None:
        """Place a hold on a lot, everywhere or at one location."""
        self.hold_count += 1
        self.play(self.messages.place_hold(number, f"HOLD-{self.hold_count}", location))

    def release_holds(self, number: str) -> list[LotAllocated]:
        """Release all holds of a lot."""
        hold_ids = {hold.hold_id for hold in self.uow.open_holds(self.sku, number)}
        return self.play(*(self.messages.release_hold(hold_id) for hold_id in sorted(hold_ids)))

    def change_policy(self, policy: ShelfLifePolicy) -> list[LotAllocated]:
        """Change the shelf-life policy."""
        self.uow.shelf_life[self.sku] = policy
        return self.play(product_changed(self.sku, "LOT", shelf_life=policy))

    def check_dispatch(self, check: DispatchCheckRequested) -> LotDispatchApproved | LotDispatchRejected:
        """Run a dispatch check of one product."""
        self.handle(check)
        result = self.published[-1]
        assert isinstance(result, LotDispatchApproved | LotDispatchRejected)
        return result

    def advance_days(self, days: int) -> list[LotAllocated]:
        """Advance the clock by whole days."""
        self.now += timedelta(days)
        return self.play()


def allocated_parts(events: Iterable[LotAllocated]) -> list[AllocatedPart]:
    """Return the allocated quantities, one part per demand, lot and location."""
    return [
        AllocatedPart(event.demand_id, allocated.lot, allocated.location, int(allocated.quantity))
        for event in events
        for allocated in event.allocated
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
        self.units = sorted(unit for balance in service.uow.balances for unit in self._units(balance))

    def _holds(self, lot: str) -> list[Hold]:
        return [hold for hold in self.service.uow.holds_by_lot[self.service.sku, lot] if hold.released_at is None]

    def _units(self, balance: Balance) -> Iterator[StockUnit]:
        lot = self.service.uow.lots[self.service.sku, balance.lot]
        if not any(hold.location in {None, balance.location} for hold in self._holds(balance.lot)):
            for _ in range(int(balance.on_hand - balance.allocated - balance.missing)):
                pick_sequence = self.service.uow.pick_sequence[balance.location]
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
        min_expiry = self.service.today_in(demand.warehouse) + timedelta(
            max(stop_days, agreed_days, demand.min_remaining_shelf_life_days)
        )
        bound = self.allocated_lots(demand) if demand.single_lot else set()
        known = {lot.lot for lot in self.service.uow.lots}
        return [
            unit for unit in self.units
            if unit.location.split("/")[0] == demand.warehouse
            and (unit.never_expires or unit.expiry >= min_expiry)
            and (unit.lot in bound if bound else is_listed(unit.lot, demand.allowed_lots or [unit.lot], known))
        ]  # fmt: skip

    def allocated_lots(self, demand: Demand) -> set[str]:
        """The lots ever allocated to a demand. Includes reservations with quantity zero."""
        return {row.lot for row in self.service.uow.reservations if row.demand_id == demand.demand_id}

    def can_ship(self, picked: PickedQuantity, customer: str) -> bool:
        """Whether picked stock may ship today: no hold on the whole lot and enough remaining shelf life."""
        expiry = self.service.uow.lots[picked.sku, picked.lot].expiry
        days_left = 0 if expiry is None else (expiry - self.service.today_in(picked.warehouse)).days
        holds = self._holds(picked.lot)
        return all(hold.location for hold in holds) and (expiry is None or days_left >= self.agreed_days(customer))

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


def is_listed(lot: str, listed: Collection[str], known: Collection[str] = ()) -> bool:
    """Whether a list has the lot, or in another case a lot that does not exist."""
    return lot in listed or lot.lower() in {name.lower() for name in listed if name not in known}
