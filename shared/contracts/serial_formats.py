"""What the serial numbers of a product look like."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.envelope import ContractModel
from shared.identifiers import Integer, Text

SerialLength = Annotated[Integer, Field(ge=1, le=64)]
Characters = Literal["DIGITS", "LETTERS", "LETTERS_AND_DIGITS", "UPPERCASE_AND_DIGITS", "HEXADECIMAL"]
CheckDigit = Literal["IMEI", "GTIN", "LUHN"]


class SerialFormat(ContractModel):
    """What new serial numbers of a product look like; every stated rule must hold, at least one is stated.

    A serial number that matches is taken as it is, even if it looks like a barcode, a location or a web address. Serial
    numbers that are registered already need not match.
    """

    min_length: SerialLength | None = None
    """Minimum number of characters."""
    max_length: SerialLength | None = None
    """Maximum number of characters."""
    characters: Characters | None = None
    """Characters that occur; letters are A to Z in either case."""
    pattern: Annotated[Text, Field(min_length=1)] | None = None
    """Regular expression in RE2 syntax that the whole serial number matches, without look-around."""
    check_digit: CheckDigit | None = None
    """Check digit: of an IMEI with 15 digits, of a GTIN with 8, 12, 13 or 14 digits, or by Luhn at any length."""
