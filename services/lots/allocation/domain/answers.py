"""What the owner of a demand is told: what it was given of which lots, what is short, what was passed over and why."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import islice

from services.lots.allocation.domain.serve import Given
from services.lots.allocation.domain.shelves import Skip, Why
from services.lots.balances.domain.stock import parts
from shared.contracts.envelope import MAX_UNITS, chunks
from shared.contracts.lots import GivenLot, LotAllocated, SkippedStock


def answered(acts: Iterable[Given]) -> list[LotAllocated]:
    """Say what each act gave, in runs; each says what is open after it, the last whether more may come."""
    return [fact for act in acts for fact in _answers(act)]


def _answers(act: Given) -> list[LotAllocated]:
    demand, facts, short = act.demand, [], act.open_before
    runs = list(chunks(act.taken)) or [()]
    for place, run in enumerate(runs, start=1):
        short -= sum(part.quantity for part in run)
        last = place == len(runs)
        given = [
            GivenLot(lot=pile.lot, location=pile.location, quantity=quantity, expiry=pile.expiry)
            for pile, quantity in run
        ]
        facts.append(
            LotAllocated(
                actor=act.told.actor,
                cause=act.told.cause,
                sku=demand.sku,
                demand=demand.id,
                order=demand.order,
                line=demand.line,
                given=given,
                short=short,
                closed=last and demand.status == "CLOSED",
                skipped=by_lot(act.skipped) if last and act.skipped else [],
            )
        )
    return facts


def by_lot(skipped: Sequence[Skip]) -> list[SkippedStock]:
    """Sum up a lot's piles, first expired first; of very many lots those that would have been the next."""
    found: dict[tuple[str, Why], Decimal] = {}
    for pile, why in skipped:
        found[pile.lot, why] = found.get((pile.lot, why), Decimal(0)) + pile.free
    told = ((lot, part, why) for (lot, why), quantity in found.items() for part in parts(quantity))
    return [SkippedStock(lot=lot, quantity=part, reason=why) for lot, part, why in islice(told, MAX_UNITS)]
