"""How exactly a product is counted: with so many decimals of its unit, and what is serialised in whole units (S14)."""

from decimal import Decimal

from shared.contracts.problems import Code, Refusal
from shared.contracts.reference import Tracking


def decimals_of(tracking: Tracking, said: int) -> int:
    """With how many decimals a product is counted; none if it is serialised, whatever is said of it."""
    return 0 if tracking == "SERIAL" else said


def too_exact(sku: str, quantity: Decimal, decimals: int | None, *ids: str) -> Refusal | None:
    """Why a quantity of a product is not taken: it names a smaller part of the unit than the product is counted in.

    Of a product that is not known here yet nothing is said.
    """
    if decimals is None or quantity == round(quantity, decimals):
        return None
    detail = f"{quantity:f} of {sku}, which is counted with {decimals} decimal{'s' * (decimals != 1)}"
    return Refusal(code=Code.NOT_WHOLE, detail=detail, ids=list(ids))
