"""Units voided by the serials service: their lines reopen, their serial numbers are never reused (S18)."""

from collections.abc import Sequence

from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import CloudEvent
from shared.contracts.serials import SerialAdjusted


def void_units(uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[SerialAdjusted]]) -> None:
    """Void units and reduce the received quantity of their lines, so that the correct units can be received."""
    for event in events:
        for serial in event.data.serials:
            unit = uow.get_unit(event.data.sku, serial)
            if unit.status == "VOID":
                continue
            uow.put_unit(unit._replace(version=unit.version + 1, status="VOID"))
            line = uow.lines.get((unit.receipt or "", unit.line or ""))
            if unit.status == "ON_HAND" and unit.return_id is None and line:
                uow.put_line(
                    line._replace(
                        received=line.received - 1, listed_serials=line.listed_serials - unit.is_listed,
                        unlisted_units=line.unlisted_units - (not unit.is_listed),
                    )
                )  # fmt: skip
