"""Events for conflicts between incoming events and stock."""

from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.lots import LotRejected


def conflict_events(uow: LotsUnitOfWork) -> list[LotRejected]:
    """Build a rejection event for each conflict."""
    return [
        LotRejected(
            actor=conflict.event.actor, cause=conflict.event.cause, kind="EVENT_CONFLICT",
            document=conflict.event.data.key(),
            rejected_type=conflict.event.type, code=conflict.code, detail=conflict.detail, sku=conflict.sku,
            ids=conflict.ids,
        )
        for conflict in uow.conflicts
    ]  # fmt: skip
