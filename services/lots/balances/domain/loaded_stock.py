"""Loaded rows of lot stock, with indexes by lot and location, and the reference data of their products."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter

from services.lots.balances.domain.demands import Demand
from services.lots.balances.domain.records import (
    NO_EXPIRY,
    ZERO,
    Balance,
    BalanceKey,
    ExpiryNotice,
    Hold,
    Lot,
    LotKey,
    PickedKey,
    PickedQuantity,
    Reservation,
    Variance,
)
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.raw_scans import RawScans
from shared.contracts.reference import Tracking
from shared.identifiers import fold_lot, warehouse_of
from shared.inventory.backorders import BackorderUnitOfWork
from shared.inventory.count_times import MAX_COUNT_AGE
from shared.working_set import WorkingSet

HoldKey = tuple[str, str, str, str | None, datetime]
"""SKU, lot, hold id, location and time of opening: a released hold may be placed again."""


class LoadedStock(BackorderUnitOfWork[Demand]):
    """Working sets of lot stock. A row that is not loaded does not exist for the rules."""

    max_count_age = MAX_COUNT_AGE

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.lots: WorkingSet[LotKey, Lot] = WorkingSet(
            attrgetter("sku", "lot"), attrgetter("expiry", "manufactured_on", "best_before")
        )
        self.balances: WorkingSet[BalanceKey, Balance] = WorkingSet(
            attrgetter("sku", "lot", "location"),
            attrgetter("is_storage", "on_hand", "allocated", "staged", "missing", "picked", "version"),
        )
        self.reservations: WorkingSet[tuple[str, str, str], Reservation] = WorkingSet(
            attrgetter("demand_id", "lot", "location"), attrgetter("quantity", "former_lots")
        )
        self.picked: WorkingSet[PickedKey, PickedQuantity] = WorkingSet(
            attrgetter("demand_id", "lot", "location"), attrgetter("quantity", "missing", "former_lots")
        )
        self.holds: WorkingSet[HoldKey, Hold] = WorkingSet(
            attrgetter("sku", "lot", "hold_id", "location", "opened_at"), attrgetter("pending_quantity", "released_at")
        )
        """All open holds of each loaded lot; holds loaded by id include released ones."""
        self.variances: WorkingSet[tuple[str, str, str, str], Variance] = WorkingSet(
            attrgetter("sku", "lot", "location", "variance_id"), attrgetter("quantity", "missing", "settled_at")
        )
        """Open variances of the loaded balances, in order of their reports."""
        self.notices: WorkingSet[tuple[str, str, str, int], ExpiryNotice] = WorkingSet(
            attrgetter("sku", "lot", "warehouse", "threshold")
        )
        self.lots_by_key = self.lots.index(lambda lot: (lot.sku, fold_lot(lot.lot)))
        """Lots of a product by the comparison key of their number."""
        lot_key = attrgetter("sku", "lot")
        self.balances_by_lot = self.balances.index(lot_key)
        self.balances_by_location = self.balances.index(attrgetter("sku", "location"))
        self.balances_by_sku = self.balances.index(attrgetter("sku"))
        self.reservations_by_lot = self.reservations.index(lot_key)
        self.reservations_by_demand = self.reservations.index(attrgetter("demand_id"))
        self.picked_by_lot = self.picked.index(lot_key)
        self.picked_by_location = self.picked.index(attrgetter("sku", "lot", "location"))
        self.picked_by_sku = self.picked.index(attrgetter("sku"))
        self.picked_by_demand = self.picked.index(attrgetter("demand_id", "lot"))
        self.picked_by_order = self.picked.index(attrgetter("order_id"))
        self.variances_by_balance = self.variances.index(attrgetter("balance_key"))
        self.holds_by_lot = self.holds.index(lot_key)
        self.holds_by_id = self.holds.index(attrgetter("sku", "hold_id"))

        self.pick_sequence: dict[str, int] = {}
        """Position of each location on the pick route."""
        self.skus_by_changed_location: dict[str, list[str]] = {}
        """Products with stock at locations that became or ceased to be active storage locations."""
        self.complete_locations: set[tuple[str, str]] = set()
        """Products at locations, (sku, location), all of whose stock there is loaded."""
        self.tracking: dict[str, Tracking] = {}
        self.decimals: dict[str, int] = {}
        """Decimals of each product's unit of measure."""
        self.shelf_life: dict[str, ShelfLifePolicy] = {}
        self.product_versions: dict[str, int] = {}
        """Versions of the changed products; older ones are ignored."""
        self.previous_tracking: dict[str, Tracking] = {}
        """Trackings of the changed products before the change."""
        self.previous_policies: dict[str, ShelfLifePolicy] = {}
        """Shelf-life policies of the changed products before the change."""
        self.local_dates: dict[str, date] = {}
        """Current date by warehouse."""
        self.allocating_orders: dict[BalanceKey, list[str]] = {}
        """Some orders with an allocation of each balance, for the texts of violations."""
        self.same_numbered_lots: dict[str, list[str]] = {}
        """Other products with a lot of that comparison key, for requested lots that were not found."""
        self.suggested_locations: dict[BalanceKey, str] = {}
        """Locations for lots that a location with other lots cannot take."""

    @property
    def scan(self) -> str | None:
        """What the scanner sent with the command being handled, one scan a line."""
        data = self.event.data
        if not isinstance(data, RawScans):
            return None
        return "\n".join(read.text.strip("\r\n") for read in data.sound_scans) or None

    def stored_lot(self, sku: str, lot: str) -> str:
        """Return the stored spelling of a lot number; as given if it fits no lot or several."""
        if (sku, lot) in self.lots:
            return lot
        spellings = self.lots_by_key[sku, fold_lot(lot)]
        return spellings[0].lot if len(spellings) == 1 else lot

    def stored_key(self, key: BalanceKey) -> BalanceKey:
        """Return the key of a balance with the stored spelling of its lot number."""
        return key[0], self.stored_lot(*key[:2]), key[2]

    def is_storage(self, location: str) -> bool:
        """Whether a location is a storage location (S07)."""
        return self.location_types.get(location) == "STORAGE"

    def is_staging(self, location: str) -> bool:
        """Whether a location is a dock or staging location, where stock is not put away."""
        return location in self.location_types and not self.is_storage(location)

    def is_allocatable(self, location: str) -> bool:
        """Whether stock at a location can be allocated: it is an active storage location."""
        return self.is_storage(location) and location not in self.inactive_locations

    def get_balance(self, lot: Lot, location: str) -> Balance:
        """Return the balance of a lot at a location, with the current location type.

        Without one, return a zero balance, which is not saved until changed.
        """
        balance = self.balances.get((lot.sku, lot.lot, location))
        if balance is None:
            return Balance(
                sku=lot.sku, lot=lot.lot, location=location, warehouse=warehouse_of(location),
                is_storage=self.is_allocatable(location), expiry=lot.expiry or NO_EXPIRY,
            )  # fmt: skip
        if location in self.location_types:
            balance.is_storage = self.is_allocatable(location)  # the location type may have changed
        return balance

    def open_holds(self, sku: str, lot: str, location: str | None = None) -> Iterator[Hold]:
        """Yield the open holds of a lot by id and location; with a location, only those that apply there."""
        for hold in sorted(self.holds_by_lot[sku, lot], key=lambda hold: (hold.hold_id, hold.location or "")):
            if hold.is_open and (location is None or hold.covers(location)):
                yield hold

    def orders_with_stock(self, sku: str, lot: str) -> set[str]:
        """Return the orders with allocated or picked stock of a lot."""
        rows: list[Reservation | PickedQuantity] = [*self.reservations_by_lot[sku, lot], *self.picked_by_lot[sku, lot]]
        return {row.order_id for row in rows if row.quantity > 0}

    def picked_of_demand(self, demand_id: str, lot: str, location: str | None) -> list[PickedQuantity]:
        """Return the stock picked for a demand at a location or, if unknown, at any location."""
        return at_location(self.picked_by_demand[demand_id, lot], location)

    def pending_returns(self, balance: Balance) -> Decimal:
        """Return the returned quantity at a location without a disposition."""
        open_holds = self.open_holds(balance.sku, balance.lot, balance.location)
        return sum((hold.pending_quantity for hold in open_holds), ZERO)

    def is_held(self, balance: Balance) -> bool:
        """Whether the balance is on hold."""
        return any(self.open_holds(balance.sku, balance.lot, balance.location))


def at_location(rows: Iterable[PickedQuantity], location: str | None) -> list[PickedQuantity]:
    """Return the picked quantities at a location, then those without a location; without one, all of them."""
    matching = [row for row in rows if location is None or row.location in {location, ""}]
    return sorted(matching, key=attrgetter("location"), reverse=True)
