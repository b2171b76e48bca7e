"""Reports: one declaration provides JSON pages, a CSV file and a workbook with documented columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Row, text

from shared.http.csv import CsvColumn, CsvResponse, csv_response
from shared.http.dependencies import ReadTransaction
from shared.http.lists import PageRequest, Statement, ordered_by, paged_by
from shared.http.pages import Page
from shared.http.parameters import Guard
from shared.http.xlsx import XlsxResponse, xlsx_response
from shared.persistence.sorting import SortOrder, Sorts

DISPOSITION = {"Content-Disposition": {"description": "File name.", "schema": {"type": "string"}}}


@dataclass(frozen=True)
class Report:
    """A report; the docstring of its row model is its description, the fields of the model are its columns.

    The statement is written for an order of `sorts`. It has the parameters of `filters` and of the order, and `:size`.
    """

    name: str
    row_model: type[BaseModel]
    sorts: Sorts
    statement: Statement
    filters: Callable[..., Any]
    """FastAPI dependency that converts query parameters to statement parameters."""

    @property
    def columns(self) -> list[CsvColumn]:
        """The columns in order."""
        return [CsvColumn(name, field.description or "") for name, field in self.row_model.model_fields.items()]

    @property
    def description(self) -> str:
        """The description for OpenAPI."""
        column_descriptions = "; ".join(f"`{column.name}` {column.description}" for column in self.columns)
        summary = " ".join((self.row_model.__doc__ or "").split())
        return f"{summary} Columns: {column_descriptions}."

    def file_statement(self, order: SortOrder) -> str:
        """Return the statement for files, without the additional key columns of pages."""
        names = ", ".join(f'"{column.name}"' for column in self.columns)
        return f"SELECT {names} FROM ({self.statement(order)}) AS report"  # noqa: S608 - field names of the model

    def build(self, page: PageRequest, rows: Sequence[Row[Any]]) -> Page[Any]:
        """Build a page of rows."""
        return page.build(rows, lambda row: self.row_model.model_validate(row._asdict()))


def add_report_routes(router: APIRouter, reports: Sequence[Report], of: str = "", *, has_pages: bool = True) -> None:
    """Add the routes `/name`, `/name.csv` and `/name.xlsx` per report; `of` is the parent resource.

    Without pages, the list `/name` is one of its own, and the files have its rows in other columns.
    """
    for report in reports:
        _add_routes(router, report, of, has_pages=has_pages)


def _add_routes(router: APIRouter, report: Report, of: str, *, has_pages: bool) -> None:
    Filters = Annotated[dict[str, Any], Depends(report.filters)]  # noqa: N806 - a type
    Order = Annotated[SortOrder, ordered_by(report.sorts)]  # noqa: N806 - a type

    async def get_page(
        tx: ReadTransaction, filters: Filters, page: Annotated[PageRequest, paged_by(report.sorts)]
    ) -> Page[Any]:
        return report.build(page, await page.fetch(tx, report.statement, filters))

    async def get_csv(request: Request, filters: Filters, order: Order, *, guard: Guard = False) -> StreamingResponse:
        statement, parameters = text(report.file_statement(order)), filters | order.parameters(None) | {"size": None}
        return await csv_response(request, report.name, report.columns, statement, parameters, guard=guard)

    async def get_xlsx(request: Request, filters: Filters, order: Order) -> StreamingResponse:
        header = [column.name for column in report.columns]
        statement, parameters = text(report.file_statement(order)), filters | order.parameters(None) | {"size": None}
        return await xlsx_response(request, report.name, header, statement, parameters)

    row_model: Any = report.row_model
    path, words = f"/{report.name}", report.name.replace("-", "_")
    read, file = (
        (f"list_{of}_{words}", f"download_{of}_{words}") if of else (f"get_{words}_report", f"download_{words}_report")
    )
    workbook = f"{file}_workbook"
    if has_pages:
        router.add_api_route(path, get_page, response_model=Page[row_model], name=read, description=report.description)
    router.add_api_route(
        f"{path}.csv", get_csv, name=file, description=report.description, response_class=CsvResponse,
        responses={200: {"description": "A CSV file with a header row (RFC 4180).", "headers": DISPOSITION}},
    )  # fmt: skip
    router.add_api_route(
        f"{path}.xlsx", get_xlsx, name=workbook, description=report.description, response_class=XlsxResponse,
        responses={
            200: {
                "description": "A workbook with a header row: texts are text cells, times are in UTC.",
                "headers": DISPOSITION,
            }
        },
    )  # fmt: skip
