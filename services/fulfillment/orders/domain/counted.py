"""Finding the counted goods that a command names among the piles in an order's hands (S20)."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from services.fulfillment.orders.domain.addresses import carton_at, order_at
from services.fulfillment.orders.domain.book import Book, Order
from services.fulfillment.orders.domain.find import may_come, trackings_of
from services.fulfillment.orders.domain.goods import Pile, amount, named, written
from shared.contracts.commands.fulfillment import Stock
from shared.contracts.problems import Code, Refusal
from shared.stock.decimals import too_exact


class Sought(NamedTuple):
    """Which piles a command means, how they are called, and what is said where there are none."""

    fits: Callable[[Pile], bool]
    what: str
    none: Code


TO_PICK = Sought(lambda pile: pile.status == "ALLOCATED", "to pick", Code.NOT_ALLOCATED_HERE)
PICKED = Sought(lambda pile: pile.status == "PICKED", "picked", Code.NOT_PICKED)
LOOSE = Sought(lambda pile: pile.status == "PICKED" and not pile.carton, "picked and in no carton", Code.NOT_PICKED)


def inside(carton: str) -> Sought:
    """What lies in a carton."""
    return Sought(lambda pile: pile.carton == carton, f"in carton {carton}", Code.NOT_IN_CARTON)


def stock(
    book: Book, order: Order, wanted: Iterable[Stock], sought: Sought
) -> tuple[list[Pile], list[Refusal]]:  # fmt: skip
    """So much of each lot as is named, from one pile after the other; a lot of which there is less is refused."""
    taken: dict[str, Pile] = {}
    refusals = []
    for one in wanted:
        there = meant(order, one, sought)
        piles = [pile for pile in there if pile.pile not in taken]
        if amount(piles) < one.quantity:
            refusals.append(not_there(order, one, there, amount(piles), sought))
        elif no := parted(book, one, piles):
            refusals.append(no)
        else:
            taken |= {pile.pile: pile for pile in book.part(piles, one.quantity)}
    return list(taken.values()), refusals


def parted(book: Book, wanted: Stock, piles: Sequence[Pile]) -> Refusal | None:
    """Why so much is not parted from what is there: it is counted in larger parts. All that is there may go."""
    if wanted.quantity == amount(piles):
        return None
    return too_exact(wanted.sku, wanted.quantity, book.decimals.get(wanted.sku), wanted.lot or wanted.sku)


def meant(order: Order, wanted: Stock, sought: Sought) -> list[Pile]:
    """The piles of a lot that a command may mean."""
    return [
        pile for pile in order.piles.values()
        if (pile.sku, pile.lot) == (wanted.sku, wanted.lot) and sought.fits(pile)
        and wanted.line in (None, pile.line) and wanted.location in (None, pile.location)
    ]  # fmt: skip


def not_there(order: Order, wanted: Stock, there: Sequence[Pile], left: Decimal, sought: Sought) -> Refusal:
    """Why a quantity of a lot is not to be had: no such thing, less of it, or another lot in its stead."""
    if "SERIAL" in trackings_of(order, wanted.sku):
        detail = f"{wanted.sku} is tracked by serial: scan the serial of each unit"
        return Refusal(code=Code.NOT_COUNTED, detail=detail, ids=[wanted.sku])
    if wanted.line is not None and wanted.line not in order.lines:
        detail, at = f"order {order.order} has no line {wanted.line}", [order_at(order.order)]
        return Refusal(code=Code.UNKNOWN_LINE, detail=detail, ids=[wanted.line], blocked_by=at)
    lot, ids = named(wanted.sku, wanted.lot), [wanted.lot or wanted.sku]
    if there:
        not_as_much = f"{written(left)}, not {written(wanted.quantity)}"
        detail = f"{not_as_much} of {lot} is {sought.what} for order {order.order}"
        return Refusal(code=Code.NOT_ENOUGH, detail=detail, ids=ids, blocked_by=[order_at(order.order)])
    others = [pile for pile in order.piles.values() if pile.sku == wanted.sku and sought.fits(pile)]
    instead = f": {', '.join(f'{pile} at {pile.location}' for pile in others[:5])}" if others else ""
    detail = f"no {lot} is {sought.what} for order {order.order}{instead}"
    packed = sorted({pile.carton for pile in meant(order, wanted, PICKED) if pile.carton})
    at = [carton_at(carton) for carton in packed] or [order_at(order.order)]
    code = Code.ALREADY_PACKED if packed and sought is LOOSE else _code(order, wanted, sought, bool(others))
    suggested = list(dict.fromkeys(pile.lot for pile in others if pile.lot))
    return Refusal(code=code, detail=detail, ids=ids, blocked_by=at, suggested=suggested)


def _code(order: Order, wanted: Stock, sought: Sought, others: bool) -> Code:
    if sought.what != TO_PICK.what or others:
        return sought.none
    if any(PICKED.fits(pile) and (pile.sku, pile.lot) == (wanted.sku, wanted.lot) for pile in order.piles.values()):
        return Code.ALREADY_PICKED
    return Code.NOT_YET_KNOWN if may_come(order, wanted.sku) else sought.none
