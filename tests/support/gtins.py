"""GTINs of tests."""

from uuid import uuid4

from biip.checksums import gs1_standard_check_digit


def new_gtin() -> str:
    """Return a GTIN-13 that no other test has."""
    digits = f"4{uuid4().int % 10**11:011}"
    return f"{digits}{gs1_standard_check_digit(digits)}"
