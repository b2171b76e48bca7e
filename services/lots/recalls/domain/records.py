"""Records of recalls: products, lots, criteria and customer contacts."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.lots.recalls.domain.query import RecallQuery
from shared.contracts.reference import Tracking


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
    dry_run: bool = False
    recognised: str = "{}"
    """Products that the notice names and lots outside its limits, as JSON."""
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


class ContactLine(NamedTuple):
    """A line of the contact list: a lot or unit that left with a shipment for an order of a customer."""

    recall: str
    customer: str
    order: str
    shipment: str
    sku: str
    lot_or_serial: str


class CustomerContact(NamedTuple):
    """The outcome of a customer contact; the last of a line is in force."""

    recall: str
    customer: str
    order_id: str
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
