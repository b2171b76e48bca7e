"""The copy of the holds, and the places that picks and unpicks name."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import text

from shared import replica
from shared.contracts.envelope import CloudEvent
from shared.contracts.serials import SerialHeld, SerialHoldLifted
from shared.database import Transaction

# A hold that is known already is the same hold: nothing is decided by this row but that a unit is held.
HOLD = text("""
    INSERT INTO unit_hold (sku, serial, hold, reason)
    SELECT * FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:holds AS text[]),
                         CAST(:reasons AS text[]))
    ON CONFLICT DO NOTHING
""")
LIFT = text("""
    DELETE FROM unit_hold h
    USING unnest(CAST(:skus AS text[]), CAST(:serials AS text[]), CAST(:holds AS text[])) AS n (sku, serial, hold)
    WHERE h.sku = n.sku AND h.serial = n.serial AND h.hold = n.hold
""")


async def keep_holds(tx: Transaction, events: Sequence[CloudEvent[SerialHeld]]) -> None:
    """Copy the holds on units of orders; a free unit that is held is given to nobody before it is lifted."""
    rows = [
        (event.data.sku, unit.serial, event.data.hold, event.data.reason)
        for event in events for unit in event.data.units if unit.order is not None
    ]  # fmt: skip
    if rows:
        skus, serials, holds, reasons = (list(column) for column in zip(*rows, strict=True))
        await tx.run(HOLD, {"skus": skus, "serials": serials, "holds": holds, "reasons": reasons})


async def drop_holds(tx: Transaction, events: Sequence[CloudEvent[SerialHoldLifted]]) -> None:
    """Forget holds that were lifted."""
    rows = [(event.data.sku, serial, event.data.hold) for event in events for serial in event.data.serials]
    if rows:
        skus, serials, holds = (list(column) for column in zip(*rows, strict=True))
        await tx.run(LIFT, {"skus": skus, "serials": serials, "holds": holds})


async def spots(tx: Transaction, locations: Iterable[str]) -> Mapping[str, replica.Place]:
    """The places that commands name."""
    return await replica.locations(tx, locations)
