"""Query and path parameters shared by all endpoints."""

from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import Path, Query
from pydantic import AwareDatetime, BeforeValidator

from shared.http.pages import MAX_CURSOR_LENGTH
from shared.identifiers import Day

S = TypeVar("S")


def _parse_digits(value: Any) -> Any:
    """Accept only ASCII digits: `int` also reads signs, spaces, underscores and other scripts."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("must be a whole number such as 25")
    return value


ONLY_DIGITS = BeforeValidator(_parse_digits)

Cursor = Annotated[
    str | None,
    Query(
        max_length=MAX_CURSOR_LENGTH,
        pattern="^[A-Za-z0-9_-]+$",
        description="`next` of the previous page, with the same filters; omit it for the first page.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=500, description="Items per page."), ONLY_DIGITS]
Guard = Annotated[
    bool,
    Query(
        description="`true` puts an apostrophe before texts that a spreadsheet would read as a formula, such as "
        "`+49 30 1`; otherwise all values are verbatim."
    ),
]
StatusFilter = Annotated[list[S] | None, Query(description="Status; repeat the parameter for several.")]
SkuFilter = Annotated[str | None, Query(description="SKU of the product.")]
WarehouseFilter = Annotated[str | None, Query(description="Id of the warehouse.")]
AwaitingWarehouseFilter = Annotated[
    bool | None, Query(description="`true` for documents whose warehouse is not defined, `false` for all others.")
]
LocationFilter = Annotated[str | None, Query(description="Location as warehouse/location, for example `EAST/A-01-02`.")]
LotFilter = Annotated[str | None, Query(description="Lot number in any case; empty for an untracked product.")]
OrderFilter = Annotated[str | None, Query(description="Number of the sales order.")]
CustomerFilter = Annotated[str | None, Query(description="Customer number.")]
ShipmentFilter = Annotated[str | None, Query(description="Shipment number.")]
ReceiptFilter = Annotated[str | None, Query(description="Receipt number, for example that of an ASN.")]
ExpiringFrom = Annotated[Day | None, Query(description="Only what expires on this date or later.")]
ExpiringBefore = Annotated[Day | None, Query(description="Only what expires before this date.")]
EndingFrom = Annotated[date | None, Query(description="Only what ends on this date or later.")]
EndingBefore = Annotated[date | None, Query(description="Only what ends before this date.")]
ChangedSince = Annotated[
    AwareDatetime | None, Query(description="Only what changed at this time or later (RFC 3339), as recorded.")
]
SORT_DESCRIPTION = "Order of the list, by an index; `-` reverses it. Rows without a value of the field are left out."
HoldFilter = Annotated[str | None, Query(description="Id of the hold.")]
OpenFilter = Annotated[bool | None, Query(description="`true` for open ones only, `false` for closed ones only.")]
Since = Annotated[AwareDatetime | None, Query(description="Recorded at this time or later (RFC 3339).")]
Until = Annotated[AwareDatetime | None, Query(description="Recorded before this time (RFC 3339).")]

SkuPath = Annotated[str, Path(description="SKU of the product.")]
SerialPath = Annotated[str, Path(description="Serial number.")]
OrderPath = Annotated[str, Path(description="Number of the sales order.")]
