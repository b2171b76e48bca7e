"""The book of one transaction: working copies of what it is about, the ledger's new rows, and the stock that came free.

A quantity changes here and nowhere else: balance and ledger in one step, so that the ledger's sum is the balance.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from services.lots.balances.domain.groups import Groups
from services.lots.balances.domain.stock import (
    NEVER,
    NOTHING,
    Balance,
    Change,
    Claim,
    Correction,
    Entry,
    Hold,
    Key,
    Lot,
    LotKey,
    Papers,
    Picked,
    Pool,
    Reserved,
    Told,
)
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code
from shared.contracts.reference import LocationType, Tracking
from shared.identifiers import warehouse_of


class Misfit(NamedTuple):
    """A fact that happened and does not fit what stands here: a supervisor is told."""

    event: CloudEvent[Any]
    code: Code
    detail: str
    sku: str
    ids: list[str]


@dataclass(slots=True)
class Book:
    """Working copies, as they were loaded and changed since. What was not loaded counts as not there."""

    now: datetime
    lots: dict[LotKey, Lot] = field(default_factory=dict)
    balances: dict[Key, Balance] = field(default_factory=dict)
    reserved: dict[tuple[str, str, str], Reserved] = field(default_factory=dict)
    picked: dict[tuple[str, str], Picked] = field(default_factory=dict)
    holds: dict[LotKey, list[Hold]] = field(default_factory=dict)
    """Holds by the lot that they are on: the open ones of every lot that is loaded."""

    types: Mapping[str, LocationType] = field(default_factory=dict)
    """The type of each place that is defined."""

    tracking: Mapping[str, Tracking] = field(default_factory=dict)
    decimals: Mapping[str, int] = field(default_factory=dict, kw_only=True)
    """With how many decimals products are counted."""

    dated: set[str] = field(default_factory=set, kw_only=True)
    """Products whose lots are not without an expiry date."""

    claims: Mapping[Key, list[str]] = field(default_factory=dict)
    """Orders that have some of a balance, a few of them: for a refusal to name."""

    namesakes: Mapping[str, list[str]] = field(default_factory=dict)
    """Products that have a lot of that number, where one was asked for that the product does not have."""

    ledger: list[Entry] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    misfits: list[Misfit] = field(default_factory=list)
    freed: dict[Pool, dict[tuple[str, str], Told]] = field(default_factory=dict)
    """Lots at places of which something became free, by pool, with what freed them."""

    named: dict[tuple[str, str], list[Hold]] = field(init=False)
    """Holds by sku and id: of those asked for by it, the lifted ones too."""

    of_lot: Groups[LotKey, Balance] = field(init=False)
    at_place: Groups[tuple[str, str], Balance] = field(init=False)
    """By sku and place."""

    reserved_of: Groups[LotKey, Reserved] = field(init=False)
    picked_of: Groups[LotKey, Picked] = field(init=False)

    def __post_init__(self) -> None:
        """Sort what is there already."""
        self.named = {}
        for its in self.holds.values():
            for it in its:
                self.named.setdefault((it.sku, it.hold), []).append(it)
        self.of_lot = Groups(self.balances, lambda row: (row.sku, row.lot))
        self.at_place = Groups(self.balances, lambda row: (row.sku, row.location))
        self.reserved_of = Groups(self.reserved, lambda row: (row.sku, row.lot))
        self.picked_of = Groups(self.picked, lambda row: (row.sku, row.lot))

    def adopt(self, rows: Iterable[Lot | Balance | Reserved | Picked | Hold]) -> None:
        """Take in rows as they were loaded; a working copy that is here already stays."""
        for row in rows:
            row.fresh = False
            if isinstance(row, Lot):
                self.lots.setdefault((row.sku, row.lot), row)
            elif isinstance(row, Balance):
                self.balances.setdefault(row.key, row)
            elif isinstance(row, Reserved):
                self.reserved.setdefault((row.demand, row.lot, row.location), row)
            elif isinstance(row, Picked):
                self.picked.setdefault((row.demand, row.lot), row)
            elif all(row.id != known.id for known in self.holds.get(row.lot_key, ())):
                self.put_hold(row)

    def put_hold(self, hold: Hold) -> None:
        """Take a hold in."""
        self.holds.setdefault(hold.lot_key, []).append(hold)
        self.named.setdefault((hold.sku, hold.hold), []).append(hold)

    def stored(self, location: str) -> bool:
        """Whether orders may have what lies at a place (S07)."""
        return self.types.get(location) == "STORAGE"

    def balance(self, lot: Lot, location: str) -> Balance:
        """Give the balance of a lot at a place; where none was loaded, it is nothing so far."""
        key = (lot.sku, lot.lot, location)
        found = self.balances.get(key)
        if found is None:
            found = self.balances[key] = Balance(
                sku=lot.sku, lot=lot.lot, location=location, warehouse=warehouse_of(location),
                stored=self.stored(location), expiry=lot.expiry or NEVER,
            )  # fmt: skip
        elif location in self.types and found.stored != self.stored(location):
            found.stored, found.changed = self.stored(location), True  # the place was of another type then
        return found

    def change(self, change: Change, balance: Balance, quantity: Decimal, told: Told, papers: Papers) -> None:
        """Put so much to what is on hand at a place, or take it away where it is less than nothing."""
        balance.on_hand += quantity
        balance.changed = True
        at = (balance.sku, balance.lot, balance.warehouse, balance.location)
        self._enter(change, at, (quantity, NOTHING), told, papers)
        if quantity > 0:
            self.came_free(balance, told)

    def reserve(self, balance: Balance, claim: Claim, quantity: Decimal) -> None:
        """Let a demand have so much of what is free at a place (S08)."""
        key = (claim.demand, balance.lot, balance.location)
        row = self.reserved.get(key)
        if row is None:
            row = self.reserved[key] = Reserved(
                demand=claim.demand, lot=balance.lot, location=balance.location, sku=balance.sku,
                order_id=claim.order_id, line=claim.line,
            )  # fmt: skip
        row.quantity += quantity
        balance.allocated += quantity
        row.changed = balance.changed = True

    def release(self, row: Reserved, quantity: Decimal, told: Told) -> None:
        """Take so much back from a demand (S11)."""
        balance = self.balances[row.sku, row.lot, row.location]
        row.quantity -= quantity
        balance.allocated -= quantity
        row.changed = balance.changed = True
        self.came_free(balance, told)

    def pick(self, row: Reserved, quantity: Decimal, told: Told, papers: Papers) -> None:
        """Take what a demand has from its place (S09)."""
        balance = self.balances[row.sku, row.lot, row.location]
        row.quantity -= quantity
        balance.allocated -= quantity
        balance.on_hand -= quantity
        key = (row.demand, row.lot)
        picked = self.picked.get(key)
        if picked is None:
            picked = self.picked[key] = Picked(
                demand=row.demand, lot=row.lot, sku=row.sku, warehouse=balance.warehouse, order_id=row.order_id,
                line=row.line,
            )  # fmt: skip
        if not picked.quantity:  # a row that had come to nothing was not kept up
            picked.expiry, picked.due = balance.expiry, balance.due
        picked.quantity += quantity
        row.changed = balance.changed = picked.changed = True
        at = (row.sku, row.lot, balance.warehouse, row.location)
        self._enter(Change.PICKED, at, (-quantity, quantity), told, papers)

    def unpick(self, row: Picked, location: str, quantity: Decimal, told: Told, papers: Papers) -> Balance:
        """Put what was picked to a place again (S12)."""
        balance = self.balance(self.lots[row.sku, row.lot], location)
        row.quantity -= quantity
        balance.on_hand += quantity
        row.changed = balance.changed = True
        at = (row.sku, row.lot, balance.warehouse, location)
        self._enter(Change.UNPICKED, at, (quantity, -quantity), told, papers)
        self.came_free(balance, told)
        return balance

    def ship(self, row: Picked, quantity: Decimal, told: Told, papers: Papers) -> None:
        """Let what was picked leave (S10)."""
        row.quantity -= quantity
        row.changed = True
        self._enter(Change.SHIPPED, (row.sku, row.lot, row.warehouse, None), (NOTHING, -quantity), told, papers)

    def _enter(
        self,
        change: Change,
        at: tuple[str, str, str, str | None],
        by: tuple[Decimal, Decimal],
        told: Told,
        papers: Papers,
    ) -> None:
        sku, lot, warehouse, location = at
        on_hand, picked = by
        self.ledger.append(
            Entry(
                change=change, sku=sku, lot=lot, warehouse=warehouse, location=location, on_hand=on_hand,
                picked=picked, reason=told.reason or change.words, actor=told.actor, occurred=told.occurred,
                recorded=self.now, cause_source=told.cause.source, cause_id=told.cause.id, **papers._asdict(),
            )
        )  # fmt: skip

    def on(self, sku: str, lot: str, location: str | None = None) -> Iterator[Hold]:
        """Give the open holds of a lot; of one place, those that hold what lies there."""
        for hold in self.holds.get((sku, lot), ()):
            if hold.open and (location is None or hold.covers(location)):
                yield hold

    def having(self, sku: str, lot: str) -> set[str]:
        """Name the orders that have some of a lot, to be picked or picked."""
        rows: list[Reserved | Picked] = [*self.reserved_of[sku, lot], *self.picked_of[sku, lot]]
        return {row.order_id for row in rows if row.quantity > 0}

    def held(self, balance: Balance) -> bool:
        """Whether a hold keeps what lies there from every order."""
        return any(self.on(balance.sku, balance.lot, balance.location))

    def came_free(self, balance: Balance, told: Told) -> None:
        """Note that orders may have what lies there, if they may; the days that are left of it are not looked at."""
        if balance.stored and balance.free > 0 and not self.held(balance):
            self.freed.setdefault((balance.sku, balance.warehouse), {})[balance.lot, balance.location] = told

    def no_longer_free(self, hold: Hold) -> None:
        """Forget of what came free what a hold keeps from orders after all."""
        for balance in self.of_lot[hold.lot_key]:
            if hold.covers(balance.location):
                self.freed.get((hold.sku, balance.warehouse), {}).pop((hold.lot, balance.location), None)

    def misfit(self, event: CloudEvent[Any], code: Code, detail: str, sku: str, lots: Iterable[str]) -> None:
        """Note what of a fact does not fit."""
        self.misfits.append(Misfit(event, code, detail, sku, list(lots)))
