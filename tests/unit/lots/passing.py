"""Days pass over a house of counted goods, swept as the tables would have it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.lots.expiry.domain import LotDue, Mark, Sweep, Watch
from shared.contracts.lots import LotExpired, LotExpiring, LotHeld
from tests.unit.lots.house import House
from tests.unit.serials.making import told as as_event

USUAL = (90, 60, 30, 7)


@dataclass
class Calendar:
    """A house as days pass, swept as the tables would have it: only what is due is looked at."""

    thresholds: Sequence[int] = USUAL
    house: House = field(default_factory=House)
    told: set[Mark] = field(default_factory=set)
    due: dict[Watch, date] = field(default_factory=dict)
    corrected: int = 0
    """How many corrections it has taken note of."""

    def sweep(self, days: Mapping[str, date]) -> list[LotExpiring | LotExpired | LotHeld]:
        """Look at what is due on these days; what is said."""
        fresh = self.house.corrections[self.corrected :]
        redated = {it.lot for it in fresh if it.expiry != it.expiry_before}
        self.corrected = len(self.house.corrections)
        self.due = {watch: day for watch, day in self.due.items() if watch.lot not in redated}
        self.told = {mark for mark in self.told if mark.lot not in redated}
        book = self.house.book()
        watches = {Watch(it.sku, it.lot, it.warehouse) for it in book.balances.values() if it.on_hand}
        watches |= {Watch(it.sku, it.lot, it.warehouse) for it in book.picked.values() if it.quantity}
        events = [
            as_event(LotDue(**it._asdict(), since=date.min))
            for it in sorted(watches)
            if self.due.get(it, date.min) <= days[it.warehouse]
        ]
        sweep = Sweep(book, days, {"A-1": self.thresholds}, self.told)
        said = sweep.look(events)
        self.due |= sweep.looks
        self.house.keep(book)
        self.house.said += said
        return said  # type: ignore[return-value]

    def on(self, day: date) -> list[LotExpiring | LotExpired | LotHeld]:
        """Look on a day that is the same everywhere."""
        return self.sweep({"EAST": day, "WEST": day})
