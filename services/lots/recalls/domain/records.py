"""Records of recalls, and the unit of work of the service, which holds their changes beside those of the stock."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from services.lots.balances.domain.records import LotKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.recalls.domain.close import OpenItemCounts
from services.lots.recalls.domain.query import RecallLookup, RecallQuery
from shared.contracts.envelope import Causation
from shared.contracts.reference import Tracking
from shared.working_set import WorkingSet


class Recall(NamedTuple):
    """A recall."""

    recall: str
    reason: str
    notice: str
    mock: bool
    opened_at: datetime
    opened_by: str
    request: str | None
    """The command as JSON, repeated for products whose tracking changes."""
    closed_at: datetime | None = None
    closed_by: str | None = None
    closed_reason: str | None = None


class RecalledProduct(NamedTuple):
    """A product that a recall may affect, and when its service answered."""

    recall: str
    sku: str
    tracking: Tracking
    answered_at: datetime | None = None


class RecalledLot(NamedTuple):
    """A lot that a recall affects."""

    recall: str
    sku: str
    lot: str


class RecallCriterion(NamedTuple):
    """A criterion for lots received later; without products it applies to all."""

    recall: str
    kind: str
    first: str
    last: str
    skus: Sequence[str]


class CustomerContact(NamedTuple):
    """The outcome of a customer contact; the last of a line is in force."""

    recall: str
    shipment: str
    sku: str
    lot_or_serial: str
    outcome: str
    note: str
    contacted_at: datetime
    contacted_by: str


class CriteriaMatch(NamedTuple):
    """A received lot that matches a recall."""

    recall: str
    sku: str
    lot: str
    reason: str


class OpenRecallRequest(NamedTuple):
    """The query of an open recall, and which of the products with changed tracking it includes."""

    query: RecallQuery
    skus: Sequence[str]


class RecallsUnitOfWork(LotsUnitOfWork):
    """Unit of work of the lots service: stock and recalls."""

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.recalls: WorkingSet[str, Recall] = WorkingSet(attrgetter("recall"))
        self.recalled_products: list[RecalledProduct] = []
        self.recalled_lots: list[RecalledLot] = []
        self.criteria: list[RecallCriterion] = []
        self.contacts: list[CustomerContact] = []
        self.lookups: dict[Causation, RecallLookup] = {}
        """What each command to open a recall may match."""
        self.contact_lines: set[tuple[str, str, str, str]] = set()
        """Lines of the contact lists: recall, shipment, SKU, lot or serial."""
        self.open_items: dict[str, OpenItemCounts] = {}
        self.skus_by_recall: dict[str, list[str]] = {}
        self.matches_by_lot: dict[LotKey, list[CriteriaMatch]] = {}
        """Recalls that match received lots."""
        self.open_requests: list[OpenRecallRequest] = []
        self.skus_with_new_owner: set[str] = set()
        """Products whose tracking changed so that another service owns their stock."""
