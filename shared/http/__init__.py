"""HTTP API of all services: idempotent commands, queries, pagination, CSV, problem responses."""

from shared.http.csv import CsvColumn, CsvResponse, ReportFiles, csv_response
from shared.http.dependencies import ReadTransaction
from shared.http.limits import RequestLimitMiddleware
from shared.http.pages import Page, decode_cursor, encode_cursor, paginate, select_list
from shared.http.parameters import (
    ONLY_DIGITS,
    Cursor,
    CustomerFilter,
    Guard,
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
from shared.http.paths import EncodedSlashMiddleware
from shared.http.problems import NotFoundError, ProblemError
from shared.http.reports import Report, add_report_routes

__all__ = [
    "ONLY_DIGITS",
    "CsvColumn",
    "CsvResponse",
    "Cursor",
    "CustomerFilter",
    "EncodedSlashMiddleware",
    "Guard",
    "HoldFilter",
    "Limit",
    "LocationFilter",
    "LotFilter",
    "NotFoundError",
    "OpenFilter",
    "OrderFilter",
    "OrderPath",
    "Page",
    "ProblemError",
    "ReadTransaction",
    "Report",
    "ReportFiles",
    "RequestLimitMiddleware",
    "SerialPath",
    "Since",
    "SkuFilter",
    "SkuPath",
    "StatusFilter",
    "Until",
    "WarehouseFilter",
    "add_report_routes",
    "csv_response",
    "decode_cursor",
    "encode_cursor",
    "paginate",
    "select_list",
]  # fmt: skip
