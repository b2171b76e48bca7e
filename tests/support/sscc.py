"""SSCCs of cartons in tests."""

from uuid import uuid4

from shared.scans.gtin import has_check_digit


def sscc_of(number: int) -> str:
    """Return the SSCC with a number."""
    digits = f"3{number:016}"
    return next(digits + last for last in "0123456789" if has_check_digit(digits + last))


def new_sscc() -> str:
    """Return an SSCC that no other test has."""
    return sscc_of(uuid4().int % 10**16)
