"""Types of identifiers, dates and quantities, with their validation.

Values are stored unchanged, including case, leading zeros and slashes. Only printable ASCII is accepted: control
characters and look-alike letters in identifiers are scanner or keyboard errors.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

SERIAL_PATTERN = r"^[!-~](?:[ -~]{0,62}[!-~])?$"

Sku = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
SerialNumber = Annotated[str, StringConstraints(pattern=SERIAL_PATTERN)]
LotNumber = Annotated[str, StringConstraints(pattern=r"^(?:[!-~](?:[ -~]{0,62}[!-~])?)?$")]
"""Lot number; empty for the single lot of an untracked product."""

DocumentId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
"""Id of a document: receipt, order, shipment, carton, session, demand, hold or return."""

LineId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,32}$"), Field(coerce_numbers_to_str=True)]
Warehouse = Annotated[str, StringConstraints(pattern=r"^[!-.0-~]{1,32}$")]
LOCATION_PATTERN = r"^[!-.0-~]{1,32}/[!-.0-~]{1,32}$"
Location = Annotated[str, StringConstraints(pattern=LOCATION_PATTERN)]
"""Location with its warehouse, for example `EAST/A-01-02`."""

CONTROL = r"\u0000-\u001F\u007F-\u009F\u2028\u2029"
"""Control characters, line and paragraph separators, as part of a regular expression."""
DIRECTION = r"\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069"
"""Characters that change the writing direction: a name could read differently from what is stored."""
LINE_PATTERN = f"^[^{CONTROL}{DIRECTION}]*$"
MULTILINE_PATTERN = rf"^(?:[^{CONTROL}{DIRECTION}]|[\t\n\r])*$"

_FORBIDDEN = re.compile(f"[{CONTROL}{DIRECTION}]")
_FORBIDDEN_IN_LINES = re.compile(rf"(?![\t\n\r])[{CONTROL}{DIRECTION}]")


def _text_rule(forbidden: re.Pattern[str]) -> AfterValidator:
    """Return a validator that refuses characters and normalises to NFC, so that equal texts have equal characters."""

    def normalise(value: str) -> str:
        if value.isascii() and value.isprintable():
            return value
        if found := forbidden.search(value):
            raise ValueError(f"character U+{ord(found[0]):04X} at position {found.start() + 1} not allowed")
        return unicodedata.normalize("NFC", value)

    return AfterValidator(normalise)


_LINE_RULE = (_text_rule(_FORBIDDEN), Field(json_schema_extra={"pattern": LINE_PATTERN}))
_LINES_RULE = (_text_rule(_FORBIDDEN_IN_LINES), Field(json_schema_extra={"pattern": MULTILINE_PATTERN}))

MAX_SUBJECT_LENGTH = 64
"""Characters of the name of a person, device or system."""
_APPROVED_BY = ", approved by "
Actor = Annotated[str, StringConstraints(max_length=2 * MAX_SUBJECT_LENGTH + len(_APPROVED_BY)), *_LINE_RULE]
"""Who acted, and who approved it."""
Text = Annotated[str, StringConstraints(max_length=500), *_LINE_RULE]
"""Single line of text, such as a name."""
ShortText = Annotated[str, StringConstraints(max_length=64), *_LINE_RULE]
"""Single line of text, such as a role or a carrier."""
MultilineText = Annotated[str, StringConstraints(max_length=500), *_LINES_RULE]
"""Text with line breaks and tabs, such as an address or a note."""
NoticeText = Annotated[str, StringConstraints(max_length=10_000), *_LINES_RULE]
"""Long text with line breaks and tabs, such as a recall notice."""
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), *_LINE_RULE]

Integer = Annotated[int, Field(strict=True)]
"""JSON number without decimal point; `int` alone also reads texts such as `5_0` and booleans."""
_YEAR = 366 * 24 * 3600
ClockError = Annotated[Integer, Field(ge=-_YEAR, le=_YEAR)]
"""Seconds that a clock is ahead, at most a year: a device without a battery starts at an old date."""
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""Finite JSON number."""


def name_approver(subject: str, approver: str) -> str:
    """Return the actor of a command, with the supervisor who approved it."""
    return f"{subject}{_APPROVED_BY}{approver}" if approver else subject


def subject_of(actor: str) -> str:
    """Return who acted, without the approver."""
    return actor.partition(_APPROVED_BY)[0]


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Timestamp = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
    AfterValidator(_to_utc),
]
"""Timestamp with UTC offset, converted to UTC."""


_DAY_PATTERN = re.compile(r"\d{4}-\d{2}-\d{2}")


def _parse_day(value: Any) -> Any:
    """Accept only ISO dates such as `2027-03-31`; timestamps, numbers and two-digit years are ambiguous."""
    if type(value) is date or (isinstance(value, str) and _DAY_PATTERN.fullmatch(value)):
        return value
    raise ValueError("must be a date such as 2027-03-31")


Day = Annotated[date, BeforeValidator(_parse_day), Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1))]
"""Date on a label: expiry or manufacture. Years before 2000 are typing errors."""


def rfc3339(at: datetime) -> str:
    """Format a timestamp in UTC with `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _to_json_number(quantity: Decimal) -> int | float:
    """Convert to a JSON number, which represents up to 13 digits exactly."""
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)


_QUANTITY_PATTERN = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?")


def _parse_quantity(value: Any) -> Any:
    """Accept only plain digits in a string: no sign, exponent, space or grouping."""
    if isinstance(value, str) and not _QUANTITY_PATTERN.fullmatch(value):
        raise ValueError("must be a JSON number or a string such as 12.5")
    return value


def _quantity_schema(**limits: int) -> tuple[WithJsonSchema, WithJsonSchema]:
    """Return the JSON schemas: number or string on input, number on output."""
    number = {"type": "number", **limits}
    text = {"type": "string", "pattern": r"^\d{1,7}(\.\d{1,6})?$"}
    return WithJsonSchema({"anyOf": [number, text]}, "validation"), WithJsonSchema(number, "serialization")


SignedQuantity = Annotated[
    Decimal,
    PlainSerializer(_to_json_number, return_type=int | float, when_used="json"),
    WithJsonSchema({"type": "number"}, "serialization"),
]
"""Quantity that may be negative, for output."""

MAX_DECIMALS = 6
Decimals = Annotated[Integer, Field(ge=0, le=MAX_DECIMALS)]
"""Maximum number of decimals of the quantities of a product."""

Quantity = Annotated[
    SignedQuantity,
    Field(gt=0, le=1_000_000, max_digits=13, decimal_places=MAX_DECIMALS),
    BeforeValidator(_parse_quantity),
    *_quantity_schema(exclusiveMinimum=0, maximum=1_000_000),
]
"""Positive quantity in the unit of the product."""

NonNegativeQuantity = Annotated[
    SignedQuantity,
    Field(ge=0, le=1_000_000_000, max_digits=15, decimal_places=MAX_DECIMALS),
    BeforeValidator(_parse_quantity),
    *_quantity_schema(minimum=0, maximum=1_000_000_000),
]
"""Quantity in the unit of the product, zero or more."""

QuantityTotal = Annotated[SignedQuantity, Field(ge=0), BeforeValidator(_parse_quantity), *_quantity_schema(minimum=0)]
"""Sum of quantities, zero or more: many receipts of a lot may exceed the limit of each."""


def _refuse_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    raise ValueError("must be a JSON number")


QuantityDifference = Annotated[
    SignedQuantity, BeforeValidator(_refuse_text), WithJsonSchema({"type": "number"}, "validation")
]
"""Difference of quantities; a JSON number that may be negative."""


def fold_lot(lot: str) -> str:
    """Return the comparison key of a lot number: without case, outer blanks and doubled blanks.

    Zeros, hyphens and signs count. Equals the column `lot_key` that PostgreSQL generates.
    """
    return " ".join(lot.split()).lower() if " " in lot else lot.lower()


def matching_spellings(lot: str, stored: Iterable[str]) -> list[str]:
    """Return the stored lot numbers that a spelling fits: the equal one, or all with the same key."""
    key = fold_lot(lot)
    spellings = sorted({other for other in stored if other == lot or fold_lot(other) == key})
    return [lot] if lot in spellings else spellings


def warehouse_of(location: str) -> str:
    """Return the warehouse of a location."""
    return location.partition("/")[0]


def resource_path(kind: str, *names: str) -> str:
    """Return the HTTP path of a resource with encoded ids, for example `/receipts/R%2F7/sessions/S`."""
    return "/".join((f"/{kind}", *(quote(name, safe="") for name in names)))


def hold_path(hold_id: str) -> str:
    """Return the HTTP path of an open hold."""
    return f"/holds?hold={quote(hold_id, safe='')}"
