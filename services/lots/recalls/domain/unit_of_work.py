"""Unit of work of the lots service: the stock, and the recalls with what their rules need."""

from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter

from services.lots.balances.domain.records import LotKey
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from services.lots.recalls.domain.close import OpenItemCounts
from services.lots.recalls.domain.query import RecallLookup
from services.lots.recalls.domain.records import (
    ContactLine,
    CriteriaMatch,
    CustomerContact,
    OpenRecallRequest,
    Recall,
    RecallCriterion,
    RecalledLot,
    RecalledProduct,
)
from shared.contracts.envelope import Causation
from shared.working_set import WorkingSet


class RecallsUnitOfWork(LotsUnitOfWork):
    """Stock and recalls of one transaction."""

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.recalls: WorkingSet[str, Recall] = WorkingSet(attrgetter("recall"))
        self.answered_dry_runs: set[str] = set()
        """Dry runs that all services have answered: a recall of the same id may replace them."""
        self.replaced_dry_runs: set[str] = set()
        self.recalled_products: list[RecalledProduct] = []
        self.recalled_lots: list[RecalledLot] = []
        self.criteria: list[RecallCriterion] = []
        self.spans: list[tuple[str, str]] = []
        """Recalls and the spans of their notices, criteria without an own record: there are thousands."""
        self.contacts: list[CustomerContact] = []
        self.lookups: dict[Causation, RecallLookup] = {}
        """What each command to open a recall may match."""
        self.contact_lines: dict[ContactLine, ContactLine] = {}
        """The lines that the commands name, as far as they exist."""
        self.open_items: dict[str, OpenItemCounts] = {}
        self.skus_by_recall: dict[str, list[str]] = {}
        self.matches_by_lot: dict[LotKey, list[CriteriaMatch]] = {}
        """Recalls that match received or renamed lots."""
        self.joined_lots: list[CriteriaMatch] = []
        """Received and renamed lots that become part of a recall."""
        self.open_requests: list[OpenRecallRequest] = []
        self.skus_with_new_owner: set[str] = set()
        """Products whose tracking changed so that another service owns their stock."""

    def replace_dry_run(self, recall: str) -> None:
        """Drop a dry run, so that a recall of the same id can be opened."""
        self.recalls.evict(recall)
        self.answered_dry_runs.remove(recall)
        self.replaced_dry_runs.add(recall)
