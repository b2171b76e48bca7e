"""What the sender of a command about a recall is told."""

from collections.abc import Mapping
from typing import Literal

from services.lots.recalls.domain.opening import Touched
from shared.contracts.model import KnownFieldsModel


class TouchedProduct(KnownFieldsModel):
    """A product that a recall is about: lots that it touches, or that its serials are being looked for."""

    sku: str
    lots: list[str]


class RecallNow(KnownFieldsModel):
    """A recall as it stands after a command."""

    recall: str
    status: Literal["OPEN", "CLOSED"]
    products: list[TouchedProduct] = []


def opened(recall: str, touched: Mapping[str, Touched]) -> RecallNow:
    """Tell what was found."""
    products = [TouchedProduct(sku=sku, lots=list(of.lots)) for sku, of in sorted(touched.items())]
    return RecallNow(recall=recall, status="OPEN", products=products)
