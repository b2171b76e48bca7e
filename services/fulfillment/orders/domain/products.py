"""Product data for orders, and the validation of a line against its product."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from services.fulfillment.orders.domain.unit_of_work import Line
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.reference import Tracking
from shared.contracts.upstream import OrderLine
from shared.identifiers import MAX_DECIMALS
from shared.inventory.decimals import precision_violation


class Product(NamedTuple):
    """Tracking and decimals of a product."""

    tracking: Tracking
    decimals: int = MAX_DECIMALS
    """Decimals of quantities; 0 for serial-tracked products."""


Products = Mapping[str, Product]


def line_violations(product: Product, line: OrderLine | Line, quantity: Decimal) -> list[ProblemDetail]:
    """Check the quantity, serial numbers and lots of a line against its product."""
    violations = []
    if violation := precision_violation(line.sku, quantity, product.decimals, line.line):
        violations.append(violation)
    if line.serials and product.tracking != "SERIAL":
        detail = f"Line {line.line} lists serial numbers, but product {line.sku} is not serial-tracked"
        violations.append(ProblemDetail(code=Code.NOT_SERIAL_TRACKED, detail=detail, ids=[line.line]))
    if (line.lots or line.single_lot) and product.tracking != "LOT":
        detail = f"Line {line.line} has lot criteria, but product {line.sku} is not lot-tracked"
        violations.append(ProblemDetail(code=Code.NOT_LOT_TRACKED, detail=detail, ids=[line.line]))
    return violations
