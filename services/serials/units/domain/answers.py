"""What the sender of a command on units is told: each unit as it stands now, and the refused ones with the reason."""

from collections.abc import Sequence

from pydantic import BaseModel

from services.serials.units.domain import events
from services.serials.units.domain.book import Book
from services.serials.units.domain.refusals import Outcome
from shared.contracts.envelope import Fact
from shared.contracts.problems import Refusal
from shared.contracts.serials import Adjustment, Status
from shared.routing import Answer


class UnitNow(BaseModel):
    """A unit that the command was done to, as it stands after it."""

    serial: str
    status: Status
    location: str | None
    version: int
    on_hold: bool
    adjustment: Adjustment | None


class UnitsDone(BaseModel):
    """What came of a command, unit by unit."""

    sku: str
    done: list[UnitNow]
    refused: list[Refusal]


def answers(book: Book, outcomes: Sequence[Outcome], more: Sequence[Fact] = ()) -> list[Answer]:
    """Answer each request with its own acts; what followed from all of them is said with the last that was done."""
    said: dict[int, list[Fact]] = {}
    for act, fact in events.told(book):
        said.setdefault(act, []).append(fact)
    given = [_answer(outcome, said.pop(outcome.act, []) if outcome.act is not None else []) for outcome in outcomes]
    rest = [fact for facts in said.values() for fact in facts] + list(more)
    if rest:
        last = max(place for place, answer in enumerate(given) if answer.body)
        done = given[last]
        given[last] = Answer(done.body, [*done.events, *rest], done.refusals)
    return given


def _answer(outcome: Outcome, facts: Sequence[Fact]) -> Answer:
    if not outcome.done:
        return Answer(refusals=outcome.refusals)
    done = [
        UnitNow(
            serial=unit.serial,
            status=unit.status or "EXPECTED",
            location=unit.location,
            version=unit.version,
            on_hold=unit.holds > 0,
            adjustment=unit.adjustment,
        )
        for unit in outcome.done
    ]
    return Answer(UnitsDone(sku=outcome.done[0].sku, done=done, refused=list(outcome.refusals)), facts, outcome.refusals)
