"""How a command on several units is answered: what was done, and for each unit left out, why."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from services.serials.units.domain.unit import Unit, named
from shared.contracts.problems import Code, Refusal
from shared.identifiers import address_of


class Outcome(NamedTuple):
    """What came of one request: its act, the units it was done to, and the refusals of the others."""

    act: int | None
    done: Sequence[Unit]
    refusals: Sequence[Refusal]

    @classmethod
    def refused(cls, refusal: Refusal) -> "Outcome":
        """Refuse a whole request."""
        return cls(None, (), [refusal])


Why = Callable[[Unit], Code | None]


def sort_out(units: Iterable[Unit], why: Why) -> tuple[list[Unit], list[Refusal]]:
    """Part the units that a rule lets pass from those it refuses; one refusal for those in the same state."""
    fit: list[Unit] = []
    left_out: dict[tuple[Code, str], list[Unit]] = {}
    for unit in units:
        # What receiving has told of may be under way: an EXPECTED unit may be here already.
        code = Code.NOT_YET_KNOWN if unit.status in {None, "EXPECTED"} else why(unit)
        if code is None:
            fit.append(unit)
        else:
            left_out.setdefault((code, unit.state), []).append(unit)
    return fit, [_refusal(code, state, units) for (code, state), units in left_out.items()]


def _refusal(code: Code, state: str, units: Sequence[Unit]) -> Refusal:
    orders = sorted({unit.order for unit in units if unit.order})
    return Refusal(
        code=code,
        detail=f"{named(units)}: {state}",
        ids=[unit.serial for unit in units],
        blocked_by=[address_of("orders", order) for order in orders],
    )


def repeated(serials: Sequence[str]) -> Refusal | None:
    """Refuse a request that names a serial twice: one of the labels was not scanned (S14)."""
    twice = [serial for serial, count in Counter(serials).items() if count > 1]
    if not twice:
        return None
    return Refusal(code=Code.SERIAL_REPEATED, detail=f"named more than once: {', '.join(twice[:5])}", ids=twice)
