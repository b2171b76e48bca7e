"""Response bodies of recall commands."""

from collections.abc import Mapping
from typing import Literal

from services.lots.recalls.domain.open import RecallMatch
from shared.contracts.model import KnownFieldsModel


class AffectedProduct(KnownFieldsModel):
    """An affected product with its lots; serials are reported later."""

    sku: str
    lots: list[str]


class RecallSnapshot(KnownFieldsModel):
    """A recall after a command."""

    recall: str
    status: Literal["OPEN", "CLOSED"]
    products: list[AffectedProduct] = []


def opened_snapshot(recall: str, matches: Mapping[str, RecallMatch]) -> RecallSnapshot:
    """Describe a newly opened recall."""
    products = [AffectedProduct(sku=sku, lots=list(match.lots)) for sku, match in sorted(matches.items())]
    return RecallSnapshot(recall=recall, status="OPEN", products=products)
