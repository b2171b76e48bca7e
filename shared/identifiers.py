"""The names of things: products, serials, documents, places, quantities, and what makes a value one of them.

Every value is kept as it was scanned or sent: case, zeros and slashes stay (S25); only printable ASCII is taken, as
a control character or a look-alike letter in an identifier is a scanner's or keyboard's mistake (S16).
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AwareDatetime, Field, PlainSerializer, StringConstraints

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
"""A place as warehouse/location, `EAST/A-01-02`: no place is named without its warehouse (S35)."""

Actor = Annotated[str, StringConstraints(max_length=64)]
Text = Annotated[str, StringConstraints(max_length=500)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]

Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
"""A time with its offset, within what every clock and database can hold."""


def _number(quantity: Decimal) -> int | float:
    """13 digits at most survive a JSON number exactly, so a quantity needs no string."""
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)


Quantity = Annotated[
    Decimal,
    Field(gt=0, le=1_000_000, max_digits=13, decimal_places=6),
    PlainSerializer(_number, return_type=int | float, when_used="json"),
]
"""How much, in the product's unit; whole for serialised products."""


def warehouse_of(location: str) -> str:
    """The warehouse a location lies in (S35)."""
    return location.partition("/")[0]
