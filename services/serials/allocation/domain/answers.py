"""What the owner of a demand is told: the units it was given, what is still open, what was passed over and why."""

from collections.abc import Mapping, Sequence

from services.serials.allocation.domain.serve import Given
from shared.contracts.envelope import chunks
from shared.contracts.serials import GivenUnit, SerialAllocated, Skipped


def answered(acts: Sequence[Given], skipped: Mapping[str, Mapping[str, int]]) -> list[SerialAllocated]:
    """Say what each act gave, in runs; each says what is open after it, the last whether more may come."""
    return [fact for act in acts for fact in _answers(act, skipped.get(act.demand.id, {}))]


def _answers(act: Given, skipped: Mapping[str, int]) -> list[SerialAllocated]:
    demand, facts = act.demand, []
    open_now = act.open_before
    runs = list(chunks(act.units)) or [()]
    for place, run in enumerate(runs, start=1):
        open_now -= len(run)
        last = place == len(runs)
        facts.append(
            SerialAllocated(
                actor=act.told.actor,
                cause=act.told.cause,
                sku=demand.sku,
                demand=demand.id,
                order=demand.order,
                line=demand.line,
                given=[
                    GivenUnit(serial=unit.serial, location=unit.location or "", lot=unit.lot, expiry=unit.expiry)
                    for unit in run
                ],
                short=open_now,
                closed=last and demand.status == "CLOSED",
                skipped=[Skipped(reason=why, count=count) for why, count in skipped.items()] if last else [],
            )
        )
    return facts
