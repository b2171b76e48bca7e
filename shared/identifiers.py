"""The names of things: products, serials, documents, places, quantities, and what makes a value one of them.

Every value is kept as it was scanned or sent: case, zeros and slashes stay; only printable ASCII is taken, as
a control character or a look-alike letter in an identifier is a scanner's or keyboard's mistake.
"""

import re
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
"""An empty lot number is the one lot of an untracked product."""

DocumentId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,64}$")]
"""A receipt, order, shipment, carton, session, demand, hold, return: whatever one paper or row is called by."""

LineId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,32}$"), Field(coerce_numbers_to_str=True)]
Warehouse = Annotated[str, StringConstraints(pattern=r"^[!-.0-~]{1,32}$")]
Location = Annotated[str, StringConstraints(pattern=r"^[!-.0-~]{1,32}/[!-.0-~]{1,32}$")]
"""A place as warehouse/location, `EAST/A-01-02`: no place is named without its warehouse."""

Actor = Annotated[str, StringConstraints(max_length=64)]
Text = Annotated[str, StringConstraints(max_length=500)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


def _utc(given: datetime) -> datetime:
    return given.astimezone(UTC)


Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
    AfterValidator(_utc),
]
"""A time with its offset, within what every clock and database can hold; kept and shown in UTC."""


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(given: Any) -> Any:
    """Only `2027-03-31` is a day: a moment, a number or a day of two-digit years would be guessed at."""
    if type(given) is date or (isinstance(given, str) and _DAY.fullmatch(given)):
        return given
    raise ValueError("a day is written as 2027-03-31")


Day = Annotated[date, BeforeValidator(_day), Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1))]
"""A day on a label: of expiry, of manufacture. What lies before 2000 is a mistyped year."""


def rfc3339(at: datetime) -> str:
    """A time in UTC with `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _number(quantity: Decimal) -> int | float:
    """13 digits at most survive a JSON number exactly, so a quantity needs no string."""
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)


_WRITTEN = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?")


def _written(given: Any) -> Any:
    """A quantity in a string is plain digits: no sign, exponent, blank or grouping."""
    if isinstance(given, str) and not _WRITTEN.fullmatch(given):
        raise ValueError("a quantity is a JSON number, or a string such as 12.5")
    return given


def _quantity_schema(**limits: int) -> tuple[WithJsonSchema, WithJsonSchema]:
    """A number or a string on input, a number on output."""
    number = {"type": "number", **limits}
    text = {"type": "string", "pattern": r"^\d{1,7}(\.\d{1,6})?$"}
    return WithJsonSchema({"anyOf": [number, text]}, "validation"), WithJsonSchema(number, "serialization")


Exact = Annotated[
    Decimal,
    PlainSerializer(_number, return_type=int | float, when_used="json"),
    WithJsonSchema({"type": "number"}, "serialization"),
]
"""A quantity as it is shown, perhaps less than nothing."""

MOST_DECIMALS = 6
Decimals = Annotated[int, Field(ge=0, le=MOST_DECIMALS)]
"""How many decimals of its unit a product is counted with."""

Quantity = Annotated[
    Exact,
    Field(gt=0, le=1_000_000, max_digits=13, decimal_places=MOST_DECIMALS),
    BeforeValidator(_written),
    *_quantity_schema(exclusiveMinimum=0, maximum=1_000_000),
]
"""How much, in the product's unit, with at most as many decimals as the product is counted with."""

Count = Annotated[
    Exact,
    Field(ge=0, le=1_000_000_000, max_digits=15, decimal_places=MOST_DECIMALS),
    BeforeValidator(_written),
    *_quantity_schema(minimum=0, maximum=1_000_000_000),
]
"""How much there is of something, in the product's unit: perhaps nothing."""


def warehouse_of(location: str) -> str:
    """The warehouse a location lies in."""
    return location.partition("/")[0]


def address_of(kind: str, *names: str) -> str:
    """Where a document or a page of it is found over HTTP, whatever is in its name: `/receipts/R%2F7/sessions/S`."""
    return "/".join((f"/{kind}", *(quote(name, safe="") for name in names)))


def hold_address(hold: str) -> str:
    """Where a hold is found over HTTP while it is open."""
    return f"/holds?hold={quote(hold, safe='')}"
