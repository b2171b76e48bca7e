"""HTTP at the edge of every service: commands under idempotency keys, queries, pages, CSV, problems."""

from shared.http.csv import Column, csv_response
from shared.http.names import QuotedSlashes
from shared.http.pages import Limit, Page, cursor, page, parts
from shared.http.problems import NotFound, Problem
from shared.http.reading import Reading
from shared.http.reports import Report, serve

__all__ = [
    "Column", "Limit", "NotFound", "Page", "Problem", "QuotedSlashes", "Reading", "Report", "csv_response", "cursor",
    "page", "parts", "serve",
]  # fmt: skip
