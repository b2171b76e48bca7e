"""Allocation without its tables: the real rules on one book, and beside them an oracle that gives unit by unit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.lots.allocation.domain import orders
from services.lots.allocation.domain.demand import Demand, Demands
from services.lots.allocation.domain.dispatch import checked, dispatched
from services.lots.allocation.domain.leaving import Guards
from services.lots.allocation.domain.limits import Limits
from services.lots.allocation.domain.serve import Given, serve
from services.lots.allocation.domain.shelves import Shelves, lying
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.holds import close, open_on
from services.lots.balances.domain.stock import Balance, Change, Lot, Papers, Picked, Told
from shared.contracts.envelope import Cause
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchDone,
    DispatchRequested,
    StockDeallocated,
    StockPicked,
    StockUnpicked,
)
from shared.contracts.lots import RefusedStock
from shared.contracts.upstream import CustomerLife, LifePolicy
from shared.identifiers import warehouse_of
from tests.unit.serials.making import told

NOON = datetime(2027, 3, 31, 11, 30, tzinfo=UTC)
ZONES = {"EAST": "Pacific/Kiritimati", "WEST": "Etc/GMT+12"}
"""Shortly before noon in London it is tomorrow in the one, and yesterday still in the other."""

POLICY = LifePolicy(
    stop_pick_days=2,
    customers=[CustomerLife(customer="C-2", min_life_days=4), CustomerLife(customer="C-3", min_life_days=1)],
)
WALK = {"EAST/1": 3, "EAST/2": 1, "EAST/3": 1, "WEST/1": 1}
SOMEBODY = Told("anna", NOON, Cause(source="test", id="m0"), "test")


class Part(NamedTuple):
    """So much of a lot at a place, for a demand."""

    demand: str
    lot: str
    location: str
    quantity: int


@dataclass
class Shop:
    """One product in two warehouses, and all its demands, always all loaded."""

    now: datetime = NOON
    zones: Mapping[str, str] = field(default_factory=lambda: ZONES)
    walk: Mapping[str, int] = field(default_factory=lambda: WALK)
    policy: LifePolicy = POLICY
    sku: str = "A-1"
    demands: Demands = field(default_factory=Demands)
    book: Book = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing, at the shop's time."""
        self.book = Book(self.now)

    @property
    def today(self) -> date:
        """The day it is in the first of its warehouses."""
        return self.now.astimezone(ZoneInfo(next(iter(self.zones.values())))).date()

    def lot(self, number: str, expiry: date | None, received: int) -> None:
        """Make a lot known."""
        came = self.now - timedelta(days=90 - received)
        self.book.lots[self.sku, number] = Lot(self.sku, number, expiry, None, None, came, "Dairy")

    def put(self, number: str, location: str, quantity: int) -> list[Given]:
        """Let goods come free at a place."""
        balance = self.book.balances.setdefault(
            (self.sku, number, location),
            Balance(self.sku, number, location, warehouse_of(location), True),
        )
        self.book.change(Change.FOUND, balance, Decimal(quantity), SOMEBODY, Papers())
        return self.serve()

    def hold(self, number: str, location: str | None) -> None:
        """Hold a lot, or what lies of it at one place."""
        open_on(self.book, self.book.lots[self.sku, number], f"H-{location}", "ASKED", SOMEBODY, location=location)

    def lift(self, number: str) -> list[Given]:
        """Lift every hold of a lot."""
        for hold in self.book.on(self.sku, number):
            close(self.book, hold, SOMEBODY)
        return self.serve()

    def obey(self, policy: LifePolicy) -> list[Given]:
        """Demand other days of life from now on."""
        self.policy = policy
        for balance in self.book.balances.values():
            self.book.came_free(balance, SOMEBODY)
        return self.serve()

    def want(self, *asked: AllocationRequested) -> list[Given]:
        """Open demands."""
        self.demands.open([told(it) for it in asked])
        return self.serve()

    def give_up(self, fact: AllocationWithdrawn) -> list[Given]:
        """Withdraw a demand."""
        self.demands.withdraw([told(fact)])
        orders.released(self.book, [told(fact)])
        return self.serve()

    def give_back(self, fact: StockDeallocated) -> list[Given]:
        """Take allocated goods back."""
        _, again = orders.deallocated(self.book, [told(fact)])
        self.demands.reopen(again)
        return self.serve()

    def pick(self, fact: StockPicked) -> list[Given]:
        """Let allocated goods leave their place."""
        orders.picked(self.book, [told(fact)])
        return self.serve()

    def unpick(self, fact: StockUnpicked) -> list[Given]:
        """Put picked goods to a place again."""
        self.book.types = dict.fromkeys(self.walk, "STORAGE")
        _, again = orders.unpicked(self.book, [told(fact)])
        self.demands.reopen(again)
        return self.serve()

    def leave(self, fact: DispatchDone) -> list[Given]:
        """Let picked goods leave."""
        dispatched(self.guards, [told(fact)])
        return self.serve()

    def ask(self, fact: DispatchRequested) -> str | None:
        """Ask whether picked goods may leave: the first code of a refusal."""
        [verdict] = checked(self.guards, [told(fact)], self.now)
        return next((part.code for part in verdict.stock if isinstance(part, RefusedStock)), None)

    @property
    def guards(self) -> Guards:
        """What keeps goods from leaving."""
        limits = {(self.sku, name): Limits(zone, self.policy) for name, zone in self.zones.items()}
        return Guards(self.book, limits)

    def sleep(self, days: int) -> list[Given]:
        """Let days pass."""
        self.now += timedelta(days)
        self.book.now = self.now
        return self.serve()

    def serve(self) -> list[Given]:
        """Serve as the handlers do, but with every demand and pile at hand."""
        pools = {(self.sku, warehouse) for warehouse in self.zones}
        shelves = {
            pool: Shelves.of(self.book, Limits(self.zones[pool[1]], self.policy), some, self.walk)
            for pool, some in lying(self.book, pools).items()
        }
        acts = serve(self.book, shelves, self.demands)
        self.demands.asked.clear()
        self.book.freed.clear()
        return acts


def parts(acts: list[Given]) -> list[Part]:
    """What was given, as parts."""
    return [Part(act.demand.id, pile.lot, pile.location, int(quantity)) for act in acts for pile, quantity in act.taken]


class Unit(NamedTuple):
    """One unit on a shelf."""

    expires: date
    never: bool
    received: datetime
    lot: str
    walk: int
    location: str


class Oracle:
    """What should be given of the free stock of a shop to its open demands: unit by unit, nothing remembered."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.units = sorted(unit for balance in shop.book.balances.values() for unit in self._units(balance))

    def _units(self, balance: Balance) -> Iterator[Unit]:
        lot = self.shop.book.lots[self.shop.sku, balance.lot]
        holds = [hold for hold in self.shop.book.holds.get((self.shop.sku, balance.lot), []) if hold.lifted_at is None]
        if not any(hold.location in {None, balance.location} for hold in holds):
            for _ in range(int(balance.on_hand - balance.allocated)):
                walk = self.shop.walk[balance.location]
                expires = lot.expiry or date.max
                yield Unit(expires, lot.expiry is None, lot.first_received, lot.lot, walk, balance.location)

    def fitting(self, demand: Demand) -> list[Unit]:
        """The units that a demand may have: of the right warehouse and lot, with days enough left there today."""
        policy = self.shop.policy
        agreed = next((it.min_life_days for it in policy.customers if it.customer == demand.customer), 0)
        today = self.shop.now.astimezone(ZoneInfo(self.shop.zones[demand.warehouse])).date()
        least = today + timedelta(max(policy.stop_pick_days, agreed, demand.min_life_days))
        only = (self.had(demand) if demand.single_lot else ()) or demand.lots
        return [
            unit for unit in self.units
            if unit.location.split("/")[0] == demand.warehouse
            and (unit.never or unit.expires >= least)
            and (not only or unit.lot in only)
        ]  # fmt: skip

    def had(self, demand: Demand) -> set[str]:
        """The lots that a demand was ever given: a row that has come to nothing stays."""
        return {row.lot for row in self.shop.book.reserved.values() if row.demand == demand.id}

    def may_leave(self, picked: Picked, customer: str) -> bool:
        """Whether what is picked may leave today: its lot is held nowhere, and it lives as long as was agreed."""
        shop = self.shop
        lot, zone = shop.book.lots[picked.sku, picked.lot], ZoneInfo(shop.zones[picked.warehouse])
        holds = [hold for hold in shop.book.holds.get((picked.sku, picked.lot), []) if hold.lifted_at is None]
        days = next((it.min_life_days for it in shop.policy.customers if it.customer == customer), 0)
        left = 0 if lot.expiry is None else (lot.expiry - shop.now.astimezone(zone).date()).days
        return all(hold.location for hold in holds) and (lot.expiry is None or left >= days)

    def given(self, demands: list[Demand]) -> list[Part]:
        """Give to each in its turn the best unit that fits, until it has enough."""
        found: dict[tuple[str, str, str], int] = {}
        for demand in sorted(demands, key=lambda it: (-it.priority, it.placed_at, it.id)):
            fitting = self.fitting(demand)
            if demand.single_lot:
                lots = [unit.lot for unit in fitting]
                enough = next((unit.lot for unit in fitting if lots.count(unit.lot) >= demand.open), None)
                fitting = [unit for unit in fitting if unit.lot == enough]
            for unit in fitting[: int(demand.open)]:
                self.units.remove(unit)
                key = demand.id, unit.lot, unit.location
                found[key] = found.get(key, 0) + 1
        return [Part(*key, quantity) for key, quantity in found.items()]
