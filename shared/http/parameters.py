"""Query and path parameters shared by all endpoints."""

from typing import Annotated, TypeVar

from fastapi import Path, Query
from pydantic import AwareDatetime

S = TypeVar("S")

Cursor = Annotated[str | None, Query(description="`next` of the previous page; omit it for the first page.")]
Limit = Annotated[int, Query(ge=1, le=500, description="Items per page.")]
StatusFilter = Annotated[list[S] | None, Query(description="Status; repeat the parameter for several.")]
SkuFilter = Annotated[str | None, Query(description="SKU of the product.")]
WarehouseFilter = Annotated[str | None, Query(description="Id of the warehouse.")]
LocationFilter = Annotated[str | None, Query(description="Location as warehouse/location, for example `EAST/A-01-02`.")]
LotFilter = Annotated[str | None, Query(description="Exact lot number; empty for an untracked product.")]
OrderFilter = Annotated[str | None, Query(description="Number of the sales order.")]
CustomerFilter = Annotated[str | None, Query(description="Customer number.")]
HoldFilter = Annotated[str | None, Query(description="Id of the hold.")]
OpenFilter = Annotated[bool | None, Query(description="`true` for open ones only, `false` for closed ones only.")]
Since = Annotated[AwareDatetime | None, Query(description="Recorded at this time or later (RFC 3339).")]
Until = Annotated[AwareDatetime | None, Query(description="Recorded before this time (RFC 3339).")]

SkuPath = Annotated[str, Path(description="SKU of the product.")]
SerialPath = Annotated[str, Path(description="Serial number.")]
OrderPath = Annotated[str, Path(description="Number of the sales order.")]
