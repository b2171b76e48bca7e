"""Quantity precision: decimals per product; serial-tracked products use whole units (S14)."""

from decimal import Decimal

from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.reference import Tracking


def decimals_of(tracking: Tracking, declared: int) -> int:
    """Return the decimals of a product; none if it is serial-tracked, whatever is declared."""
    return 0 if tracking == "SERIAL" else declared


def precision_violation(sku: str, quantity: Decimal, decimals: int | None, *ids: str) -> ProblemDetail | None:
    """Return a violation if a quantity has more decimals than its product allows.

    `decimals` is None for a product that is not known yet; any quantity is accepted then.
    """
    if decimals is None or quantity == round(quantity, decimals):
        return None
    detail = f"Quantity {quantity:f} of {sku}: at most {decimals} decimal{'s' * (decimals != 1)} allowed"
    return ProblemDetail(code=Code.QUANTITY_PRECISION, detail=detail, ids=list(ids))
