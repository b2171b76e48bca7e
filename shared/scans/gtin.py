"""GTINs: their check digit, what they are used for, and the 14 digits that all spellings of one GTIN share."""

from enum import StrEnum

from biip import ParseError
from biip.checksums import gs1_standard_check_digit
from biip.upc import Upc

LENGTHS = frozenset({8, 12, 13, 14})
_UPC_E_LENGTH = 8


class GtinUse(StrEnum):
    """What a GTIN is used for."""

    TRADE_ITEM = "TRADE_ITEM"
    CASE = "CASE"
    """Indicator 1 to 8: a case of a trade item, with a GTIN of its own."""
    VARIABLE_MEASURE = "VARIABLE_MEASURE"
    """Indicator 9: a trade item whose quantity the label states."""
    RESTRICTED = "RESTRICTED"
    """Prefix 02, 04 or 20 to 29: a number that a company or country gave itself, such as a price label."""


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


def expand_upc_e(text: str) -> str | None:
    """Return the GTIN in 14 digits of a UPC-E code with its check digit; None if it is none."""
    if len(text) != _UPC_E_LENGTH or not (text.isascii() and text.isdecimal()) or text[0] not in "01":
        return None
    try:
        return Upc.parse(text).as_gtin_14()
    except ParseError:
        return None


def gtin_readings(text: str) -> tuple[str, ...]:
    """Return every GTIN, in 14 digits, that a text may be; eight digits may be a GTIN-8 and a UPC-E code."""
    return tuple(dict.fromkeys(gtin for gtin in (to_gtin_14(text), expand_upc_e(text)) if gtin))


def gtin_use(gtin: str) -> GtinUse:
    """Return what a GTIN in 14 digits is used for."""
    if gtin[0] == "9":
        return GtinUse.VARIABLE_MEASURE
    if gtin[0] != "0":
        return GtinUse.CASE
    if gtin.startswith("000000"):  # a GTIN-8
        return GtinUse.RESTRICTED if gtin[6] in "02" else GtinUse.TRADE_ITEM
    return GtinUse.RESTRICTED if gtin[1:3] in {"02", "04"} or gtin[1] == "2" else GtinUse.TRADE_ITEM


def spellings(gtin: str) -> list[str]:
    """Return the GTIN in 14 digits and every shorter spelling of it."""
    return [gtin[14 - length :] for length in sorted(LENGTHS, reverse=True) if not gtin[: 14 - length].strip("0")]
