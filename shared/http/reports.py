"""A report, described once: the same rows as pages of JSON and as a CSV file, with its columns told in both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from sqlalchemy import TextClause, text

from shared.http.csv import Column, CsvResponse, csv_response
from shared.http.pages import Page, page, parts
from shared.http.parameters import Cursor, Limit
from shared.http.reading import Reading

DISPOSITION = {"Content-Disposition": {"description": "The name of the file.", "schema": {"type": "string"}}}


@dataclass(frozen=True)
class Report:
    """One report; its row's docstring tells what it is for, the descriptions of its fields are its columns'.

    The statement takes what `filters` gives, `:after_PART` for each part of `key`, and `:size`; it is ordered by `key`,
    which says what stands before the first row.
    """

    name: str
    row: type[BaseModel]
    key: Mapping[str, str | int]
    statement: str
    filters: Callable[..., Any]
    """A dependency of FastAPI's: from the query of a request to the values of the statement."""

    @property
    def columns(self) -> list[Column]:
        """Its columns, in order."""
        return [Column(name, field.description or "") for name, field in self.row.model_fields.items()]

    @property
    def about(self) -> str:
        """What it is, for the documentation of the address."""
        told = "; ".join(f"`{column.name}` {column.description}" for column in self.columns)
        return f"{self.row.__doc__} Columns: {told}."

    def file(self) -> TextClause:
        """The statement with the columns alone: what a page needs to go on is not shown."""
        names = ", ".join(f'"{column.name}"' for column in self.columns)
        return text(f"SELECT {names} FROM ({self.statement}) AS report")  # noqa: S608 - the names are the model's

    def after(self, cursor: str | None, size: int | None) -> dict[str, Any]:
        """The values that say where a page begins and how long it is."""
        last: Sequence[Any] = parts(cursor, *map(type, self.key.values())) or tuple(self.key.values())
        return {"size": size} | {f"after_{name}": value for name, value in zip(self.key, last, strict=True)}


def serve(router: APIRouter, reports: Sequence[Report], of: str = "") -> None:
    """Give each report two addresses, its name and its name with `.csv`; `of` is the resource it belongs to."""
    for report in reports:
        _serve(router, report, of)


def _serve(router: APIRouter, report: Report, of: str) -> None:
    rows, whole = text(report.statement), report.file()
    Asked = Annotated[dict[str, Any], Depends(report.filters)]  # noqa: N806 - a type

    async def as_page(tx: Reading, asked: Asked, cursor: Cursor = None, limit: Limit = 100) -> Page[Any]:
        found = await tx.rows(rows, asked | report.after(cursor, limit + 1))
        return page(
            found,
            limit,
            lambda row: report.row.model_validate(row._asdict()),
            lambda row: [row._asdict()[name] for name in report.key],
        )

    async def as_file(request: Request, asked: Asked) -> CsvResponse:
        return await csv_response(request, report.name, report.columns, whole, asked | report.after(None, None))

    shown: Any = report.row
    path, words = f"/{report.name}", report.name.replace("-", "_")
    read, file = (
        (f"list_{of}_{words}", f"download_{of}_{words}") if of else (f"get_{words}_report", f"download_{words}_report")
    )
    router.add_api_route(path, as_page, response_model=Page[shown], name=read, description=report.about)
    router.add_api_route(
        f"{path}.csv", as_file, name=file, description=report.about, response_class=CsvResponse,
        responses={200: {"description": "A CSV file with a header row (RFC 4180).", "headers": DISPOSITION}},
    )  # fmt: skip
