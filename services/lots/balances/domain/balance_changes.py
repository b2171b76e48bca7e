"""The state of each changed balance, published once per transaction, whatever changed it."""

from operator import attrgetter

from services.lots.balances.domain.records import Balance, BalanceKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.lot_balances import LotBalance, LotBalancesChanged
from shared.unit_of_work import MessageContext


def publish_balances(uow: LotsUnitOfWork) -> None:
    """Publish the changed balances of each product, caused by the last message that changed them.

    Requires the stock under changed holds to be loaded.
    """
    _mark_held_stock(uow)
    keys_by_cause: dict[tuple[str, MessageContext], list[BalanceKey]] = {}
    for key, context in uow.changed_balances.items():
        keys_by_cause.setdefault((key[0], context), []).append(key)
    for (sku, context), keys in keys_by_cause.items():
        for batch in chunks(keys):
            uow.emit(LotBalancesChanged, context, sku=sku, balances=[describe(uow, uow.balances[key]) for key in batch])
    uow.changed_balances.clear()


def _mark_held_stock(uow: LotsUnitOfWork) -> None:
    """Mark the stock under changed holds as changed; a change of a quantity keeps its cause."""
    for hold, context in uow.changed_holds:
        for balance in sorted(uow.balances_by_lot[hold.lot_key], key=attrgetter("location")):
            is_concerned = hold.location in {None, balance.location} and balance.has_stock
            if is_concerned and balance.key not in uow.changed_balances:
                uow.mark_changed(balance, context)
    uow.changed_holds.clear()


def describe(uow: LotsUnitOfWork, balance: Balance) -> LotBalance:
    """Return the published state of a balance."""
    holds = uow.holds_by_lot[balance.sku, balance.lot] if balance.has_stock else ()
    return LotBalance(
        lot=balance.lot, location=balance.location, version=balance.version, on_hand=balance.on_hand,
        allocated=balance.allocated, missing=balance.missing, picked=balance.picked,
        open_holds=sum(hold.covers(balance.location) for hold in holds),
    )  # fmt: skip
