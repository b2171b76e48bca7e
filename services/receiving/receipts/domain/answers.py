"""What a request about a receipt is answered, beside its refusals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from services.receiving.receipts.domain.records import ReceiptStatus, SessionState
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import DiscrepancyKind, Resolution
from shared.contracts.results import PartialResult
from shared.identifiers import Count

LotMistake = Literal[
    "LOT_MISSING", "LOT_NOT_TRACKED", "REPEATED", "QUANTITY_MISSING", "DATES_DIFFER", "EXPIRY_MISSING", "EXPIRED",
    "SHORT_LIFE", "TOO_MANY", "NOT_WHOLE",
]  # fmt: skip
Verdict = Literal["ACCEPTED", "DUPLICATE_IN_RECEIPT", "BADLY_FORMED"] | DiscrepancyKind | LotMistake


class Outcome(NamedTuple):
    """What became of one request: a body and facts where it was done, refusals where it or a part of it was not."""

    body: BaseModel | None = None
    events: Sequence[Fact] = ()
    refusals: Sequence[Refusal] = ()
    address: str | None = None
    """The path of what was created."""


class ReceiptAnswer(PartialResult):
    """A receipt after it was announced, changed, cancelled or closed."""

    receipt: str
    status: ReceiptStatus
    discrepancies: list[str] = []


@dataclass(slots=True)
class ScanVerdict:
    """What one scanned serial is; `other` is what it collides with: a unit's serial, a product, a receipt."""

    serial: str
    verdict: Verdict
    line: str | None = None
    other: str | None = None

    @property
    def named(self) -> str:
        """What was scanned."""
        return self.serial


@dataclass(slots=True)
class LotVerdict:
    """What one scanned lot is: how much of it was accepted, from which line on, and how much set aside.

    `held` goods are received under a hold, as too little of their life is left; `other` are the dates in the way.
    """

    lot: str
    verdict: Verdict
    line: str | None = None
    quantity: Count = Decimal(0)
    aside: Count = Decimal(0)
    held: bool = False
    other: str | None = None

    @property
    def named(self) -> str:
        """What was scanned."""
        return self.lot


class ScanAnswer(PartialResult):
    """Each scan's own verdict, in the order scanned; what is set aside is a discrepancy once confirmed.

    `verdicts` are those of serials, `lots` those of lots.
    """

    receipt: str
    session: str
    sku: str
    accepted: int
    set_aside: int
    verdicts: list[ScanVerdict]
    lots: list[LotVerdict] = []


class SessionAnswer(PartialResult):
    """A session after a command: the units and how much of counted goods it concerned, the discrepancies it left."""

    receipt: str
    session: str
    state: SessionState
    owner: str
    units: int = 0
    quantity: Count = Decimal(0)
    discrepancies: list[str] = []


class ResolutionAnswer(KnownFieldsModel):
    """A discrepancy after a supervisor's decision."""

    receipt: str
    discrepancy: str
    kind: DiscrepancyKind
    resolution: Resolution


def by(event: CloudEvent[Any]) -> dict[str, Any]:
    """Who and what led to a fact, for each that is said of it."""
    return {"actor": event.actor, "cause": event.cause}


def no(code: Code, detail: str, ids: Iterable[str] = (), blocked_by: Iterable[str] = ()) -> Outcome:
    """Refuse the whole request."""
    return Outcome(refusals=[Refusal(code=code, detail=detail, ids=list(ids), blocked_by=list(blocked_by))])
