"""Holds of recalls on all affected lots at all locations (S46)."""

from collections.abc import Sequence

from services.lots.balances.domain import holds
from services.lots.balances.domain.ledger import MessageContext
from services.lots.balances.domain.records import Lot
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.recalls import RecallOpened

CriteriaMatchRow = tuple[str, str, str, str]
"""Recall, SKU, lot and reason of a received lot that matches a recall."""


def hold_recalled_lots(uow: LotsUnitOfWork, events: Sequence[CloudEvent[RecallOpened]]) -> list[Message]:
    """Place a hold on each lot, including lots that have not been received."""
    return [
        message
        for event in events
        for lot_number in event.data.lots
        for message in holds.place(
            uow,
            _get_or_new_lot(uow, event.data.sku, lot_number),
            event.data.hold_id,
            "RECALL",
            MessageContext.from_event(event),
            owner_role="recall",
        )
    ]


def apply_open_recalls(
    uow: LotsUnitOfWork, matches: Sequence[CriteriaMatchRow], context: MessageContext
) -> list[Message]:
    """Place the holds of recalls on received lots before they can be allocated."""
    return [
        message
        for recall, sku, lot_number, reason in matches
        for message in holds.place(
            uow,
            _get_or_new_lot(uow, sku, lot_number),
            recall,
            "RECALL",
            context._replace(reason=reason),
            owner_role="recall",
        )
    ]


def _get_or_new_lot(uow: LotsUnitOfWork, sku: str, lot_number: str) -> Lot:
    existing = uow.lots.get((sku, lot_number))
    return existing or Lot(
        sku=sku, lot=lot_number, expiry=None, manufactured_on=None, best_before=None, first_received_at=uow.now,
        supplier="",
    )  # fmt: skip
