"""Events of recalls, which the lots service opens and closes."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel, Message
from shared.contracts.reference import Tracking
from shared.contracts.topics import LOTS
from shared.identifiers import Day, DocumentId, LotNumber, NoticeText, Sku

MAX_RANGES = 500


class RecallRange(ContractModel):
    """All serial or lot numbers of equal length from `first` to `last`, in sort order, ignoring case and blanks."""

    first: str
    last: str


class RecallPeriod(ContractModel):
    """Days of the expiry or best-by date, or of the production date; null at an open end.

    An item without the date is affected, too.
    """

    kind: Literal["EXPIRY", "MANUFACTURED"]
    first_day: Day | None = None
    last_day: Day | None = None


class RecallOpened(Message, type="recall.opened.v1", topic=LOTS, key="sku"):
    """A recall affects these lots and serial numbers of a product.

    The service that owns the stock holds it and reports it. The event is repeated if the tracking of the product
    changes. A mock recall is reported in the same way without holds. Serial numbers also match by their lot number.
    """

    recall: DocumentId
    sku: Sku
    tracking: Tracking | None = None
    """Determines the service that reports: serials for SERIAL, otherwise lots."""
    lots: Annotated[list[LotNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    serials: Annotated[list[str], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    ranges: Annotated[list[RecallRange], Field(max_length=MAX_RANGES)] = []
    periods: Annotated[list[RecallPeriod], Field(max_length=MAX_RANGES)] = []
    notice: NoticeText = ""
    """Text of a pasted notice: every lot or serial number of the product that stands in it is affected."""
    mock: bool = False
    hold_id: DocumentId
    reason: str


class RecallClosed(Message, type="recall.closed.v1", topic=LOTS, key="sku"):
    """A recall was closed; remaining holds are released by dispositions, not by this event."""

    recall: DocumentId
    sku: Sku
    reason: str
