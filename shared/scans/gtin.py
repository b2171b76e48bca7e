"""GTINs: their check digit, and the 14 digits that all spellings of one GTIN share."""

from biip.checksums import gs1_standard_check_digit

LENGTHS = frozenset({8, 12, 13, 14})


def has_check_digit(digits: str) -> bool:
    """Whether the last digit is the GS1 check digit of the digits before it."""
    return gs1_standard_check_digit(digits[:-1]) == int(digits[-1])


def to_gtin_14(text: str) -> str | None:
    """Return the GTIN in 14 digits, also if its application identifier 01 precedes it; None if it is no GTIN."""
    if not (text.isascii() and text.isdecimal()):
        return None
    if len(text) == 16 and text.startswith("01"):
        text = text[2:]
    return text.zfill(14) if len(text) in LENGTHS and has_check_digit(text) else None


def spellings(gtin: str) -> list[str]:
    """Return the GTIN in 14 digits and every shorter spelling of it."""
    return [gtin[14 - length :] for length in sorted(LENGTHS, reverse=True) if not gtin[: 14 - length].strip("0")]
