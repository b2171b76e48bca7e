"""What an order has to know of a product that is defined, and whether a line suits it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from services.fulfillment.orders.domain.book import Line
from shared.contracts.problems import Code, Refusal
from shared.contracts.reference import Tracking
from shared.contracts.upstream import OrderLine
from shared.identifiers import MOST_DECIMALS
from shared.stock.decimals import too_exact


class Product(NamedTuple):
    """How a product is tracked and counted."""

    tracking: Tracking
    decimals: int = MOST_DECIMALS
    """With how many it is counted, none where it is serialised."""


Products = Mapping[str, Product]


def misfits(product: Product, line: OrderLine | Line, quantity: Decimal) -> list[Refusal]:
    """Why a line cannot be of a product: it names what the product has not, or too small a part of its unit."""
    refusals = []
    if no := too_exact(line.sku, quantity, product.decimals, line.line):
        refusals.append(no)
    if line.serials and product.tracking != "SERIAL":
        detail = f"line {line.line} names serials of {line.sku}, which has none"
        refusals.append(Refusal(code=Code.NOT_SERIAL_TRACKED, detail=detail, ids=[line.line]))
    if (line.lots or line.single_lot) and product.tracking != "LOT":
        detail = f"line {line.line} asks for lots of {line.sku}, which is not tracked by lot"
        refusals.append(Refusal(code=Code.NOT_LOT_TRACKED, detail=detail, ids=[line.line]))
    return refusals
