"""Results of commands on lot stock and their response bodies."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from services.lots.balances.domain.recorded_goods import CorrectedGoods
from services.lots.balances.domain.records import ZERO, Balance, CountStatus, HoldKind, Lot
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.leaving_goods import LeavingGoods
from shared.contracts.lot_balances import PickedForOrder
from shared.contracts.lot_corrections import CorrectedLot
from shared.contracts.model import KnownFieldsModel
from shared.identifiers import SignedQuantity


def lot_label(sku: str, lot: str) -> str:
    """Describe a lot in texts for users."""
    return f"{sku} lot {lot}" if lot else sku


def format_quantity(quantity: Decimal) -> str:
    """Format a quantity for texts for users."""
    return f"{quantity.normalize():f}"


class LocationStock(KnownFieldsModel):
    """On-hand and allocated quantity of a lot at a location, and the part under investigation."""

    location: str
    on_hand: SignedQuantity
    allocated: SignedQuantity
    missing: SignedQuantity
    on_hold: bool


class LotSnapshot(KnownFieldsModel):
    """A lot at the locations that a command concerns."""

    sku: str
    lot: str
    expiry: date | None
    locations: list[LocationStock]


def lot_snapshot(uow: LotsUnitOfWork, lot: Lot, *balances: Balance) -> LotSnapshot:
    """Describe a lot after a command."""
    location_balances = [
        LocationStock(
            location=balance.location,
            on_hand=balance.on_hand,
            allocated=balance.allocated,
            missing=balance.missing,
            on_hold=uow.is_held(balance),
        )
        for balance in balances
    ]
    return LotSnapshot(sku=lot.sku, lot=lot.lot, expiry=lot.expiry, locations=location_balances)


class LotCountResult(LotSnapshot):
    """A recorded count: what was counted, what the books had then, and the stock after it.

    A discrepancy is not booked: `code` and `detail` say why. `picked` is the stock of orders that is counted, too.
    """

    counted_at: datetime
    counted: SignedQuantity
    books: SignedQuantity
    variance: SignedQuantity
    status: CountStatus
    code: str | None
    detail: str
    picked: list[PickedForOrder]


class HoldOnLot(KnownFieldsModel):
    """A lot on hold, at one location or, without a location, at all of them."""

    lot: str
    location: str | None


class HoldSnapshot(KnownFieldsModel):
    """A hold and the lots that it is open on: none once it is released.

    `leaving` lists what may leave all the same, as its dispatch is approved already.
    """

    sku: str
    hold_id: str
    open_on: list[HoldOnLot]
    leaving: list[LeavingGoods] = []


def hold_snapshot(uow: LotsUnitOfWork, sku: str, hold_id: str, leaving: Iterable[LeavingGoods] = ()) -> HoldSnapshot:
    """Describe a hold after a command."""
    lots_on_hold = [
        HoldOnLot(lot=hold.lot, location=hold.location) for hold in uow.holds_by_id[sku, hold_id] if hold.is_open
    ]
    return HoldSnapshot(sku=sku, hold_id=hold_id, open_on=lots_on_hold, leaving=list(leaving))


class HoldOnCorrectedLot(HoldOnLot):
    """An open hold on the wrong or on the right lot."""

    hold_id: str
    kind: HoldKind
    reason: str


class LotCorrectionResult(LotSnapshot):
    """The right lot at the locations of a correction, with the wrong lot there, the goods of orders, and open holds.

    A hold of the wrong lot is also listed for the right one where it stays on the goods.
    """

    from_lot: str
    quantity: SignedQuantity
    from_locations: list[LocationStock]
    stock: list[CorrectedLot]
    holds: list[HoldOnCorrectedLot]


def lot_correction_result(
    uow: LotsUnitOfWork, source: Lot, lot: Lot, corrected: Sequence[CorrectedGoods]
) -> LotCorrectionResult:
    """Describe both lots after a correction."""
    names = [goods.location for goods in corrected if goods.location]
    snapshots = [lot_snapshot(uow, owner, *(uow.get_balance(owner, name) for name in names)) for owner in (source, lot)]
    holds = [
        HoldOnCorrectedLot(
            hold_id=hold.hold_id, lot=hold.lot, location=hold.location, kind=hold.kind, reason=hold.reason
        )
        for owner in (source, lot)
        for hold in uow.open_holds(owner.sku, owner.lot)
    ]
    return LotCorrectionResult(
        **dict(snapshots[1]), from_lot=source.lot, from_locations=snapshots[0].locations, holds=holds,
        quantity=sum((goods.quantity for goods in corrected), ZERO),
        stock=[part for goods in corrected for part in goods.stock],
    )  # fmt: skip
