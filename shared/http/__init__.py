"""HTTP at the edge of every service: commands under idempotency keys, queries, pages, CSV, problems."""

from shared.http.csv import Column, CsvResponse, csv_response
from shared.http.names import QuotedSlashes
from shared.http.pages import Page, cursor, page, parts
from shared.http.parameters import (
    Cursor,
    CustomerFilter,
    HoldFilter,
    Limit,
    LocationFilter,
    LotFilter,
    OpenFilter,
    OrderFilter,
    OrderPath,
    SerialPath,
    Since,
    SkuFilter,
    SkuPath,
    StatusFilter,
    Until,
    WarehouseFilter,
)
from shared.http.problems import NotFound, Problem
from shared.http.reading import Reading
from shared.http.reports import Report, serve

__all__ = [
    "Column", "CsvResponse", "Cursor", "CustomerFilter", "HoldFilter", "Limit", "LocationFilter", "LotFilter",
    "NotFound", "OpenFilter", "OrderFilter", "OrderPath", "Page", "Problem", "QuotedSlashes", "Reading", "Report",
    "SerialPath", "Since", "SkuFilter", "SkuPath", "StatusFilter", "Until", "WarehouseFilter", "csv_response",
    "cursor", "page", "parts", "serve",
]  # fmt: skip
