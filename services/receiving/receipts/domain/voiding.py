"""The registry voided units, whose entry was wrong: known for ever, and their lines are open again (S18)."""

from collections.abc import Sequence

from services.receiving.receipts.domain.desk import Desk
from shared.contracts.envelope import CloudEvent
from shared.contracts.serials import SerialAdjusted


def void(desk: Desk, events: Sequence[CloudEvent[SerialAdjusted]]) -> None:
    """Void units; the place that each took on its line is free for the unit that it really was."""
    for event in events:
        for serial in event.data.serials:
            unit = desk.unit(event.data.sku, serial)
            if unit.state == "VOID":
                continue
            desk.put_unit(unit._replace(version=unit.version + 1, state="VOID"))
            line = desk.lines.get((unit.receipt or "", unit.line or ""))
            if unit.state == "IN_HOUSE" and unit.return_id is None and line:
                desk.put_line(
                    line._replace(
                        received=line.received - 1, named=line.named - unit.named,
                        unnamed=line.unnamed - (not unit.named),
                    )
                )  # fmt: skip
