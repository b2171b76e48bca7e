"""Reports: one declaration provides JSON pages, a CSV file and a workbook with documented columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import TextClause, text

from shared.http.csv import CsvColumn, CsvResponse, csv_response
from shared.http.dependencies import ReadTransaction
from shared.http.pages import Page, decode_cursor, paginate
from shared.http.parameters import Cursor, Guard, Limit
from shared.http.xlsx import XlsxResponse, xlsx_response

DISPOSITION = {"Content-Disposition": {"description": "File name.", "schema": {"type": "string"}}}


@dataclass(frozen=True)
class Report:
    """A report; the docstring of its row model is its description, the fields of the model are its columns.

    The statement has the parameters of `filters`, `:after_NAME` for each name in `key`, and `:size`. It is ordered by
    `key`, whose values precede the first row.
    """

    name: str
    row_model: type[BaseModel]
    key: Mapping[str, str | int]
    statement: str
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

    def csv_statement(self) -> TextClause:
        """Return the statement for files, without the additional key columns of pages."""
        names = ", ".join(f'"{column.name}"' for column in self.columns)
        return text(f"SELECT {names} FROM ({self.statement}) AS report")  # noqa: S608 - field names of the model

    def page_parameters(self, cursor: str | None, size: int | None) -> dict[str, Any]:
        """Return the parameters for start and size of a page."""
        last_key: Sequence[Any] = decode_cursor(cursor, *map(type, self.key.values())) or tuple(self.key.values())
        return {"size": size} | {f"after_{name}": value for name, value in zip(self.key, last_key, strict=True)}


def add_report_routes(router: APIRouter, reports: Sequence[Report], of: str = "") -> None:
    """Add three routes per report, `/name`, `/name.csv` and `/name.xlsx`; `of` is the parent resource."""
    for report in reports:
        _add_routes(router, report, of)


def _add_routes(router: APIRouter, report: Report, of: str) -> None:
    statement, csv_statement = text(report.statement), report.csv_statement()
    Filters = Annotated[dict[str, Any], Depends(report.filters)]  # noqa: N806 - a type

    async def get_page(tx: ReadTransaction, filters: Filters, cursor: Cursor = None, limit: Limit = 100) -> Page[Any]:
        rows = await tx.fetch_all(statement, filters | report.page_parameters(cursor, limit + 1))
        return paginate(
            rows,
            limit,
            lambda row: report.row_model.model_validate(row._asdict()),
            lambda row: [row._asdict()[name] for name in report.key],
        )

    async def get_csv(request: Request, filters: Filters, *, guard: Guard = False) -> StreamingResponse:
        parameters = filters | report.page_parameters(None, None)
        return await csv_response(request, report.name, report.columns, csv_statement, parameters, guard=guard)

    async def get_xlsx(request: Request, filters: Filters) -> StreamingResponse:
        header = [column.name for column in report.columns]
        parameters = filters | report.page_parameters(None, None)
        return await xlsx_response(request, report.name, header, csv_statement, parameters)

    row_model: Any = report.row_model
    path, words = f"/{report.name}", report.name.replace("-", "_")
    read, file = (
        (f"list_{of}_{words}", f"download_{of}_{words}") if of else (f"get_{words}_report", f"download_{words}_report")
    )
    workbook = f"{file}_workbook"
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
