"""The state of each changed balance, published once per transaction, whatever changed it."""

from services.lots.balances.domain.records import Balance, BalanceKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import chunks
from shared.contracts.lots import LotBalance, LotBalancesChanged
from shared.unit_of_work import MessageContext


def publish_balances(uow: LotsUnitOfWork) -> None:
    """Publish the changed balances of each product, caused by the last message that changed them."""
    keys_by_cause: dict[tuple[str, MessageContext], list[BalanceKey]] = {}
    for key, context in uow.changed_balances.items():
        keys_by_cause.setdefault((key[0], context), []).append(key)
    for (sku, context), keys in keys_by_cause.items():
        for batch in chunks(keys):
            uow.emit(LotBalancesChanged, context, sku=sku, balances=[describe(uow.balances[key]) for key in batch])
    uow.changed_balances.clear()


def describe(balance: Balance) -> LotBalance:
    """Return the published state of a balance."""
    return LotBalance(
        lot=balance.lot, location=balance.location, version=balance.version, on_hand=balance.on_hand,
        allocated=balance.allocated, missing=balance.missing, picked=balance.picked,
    )  # fmt: skip
