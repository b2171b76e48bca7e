"""Responses with labels and documents to print."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from fastapi import Query, Response

from shared.contracts.problems import Code
from shared.http.problems import ProblemError
from shared.labels import Label, SizeName, draw_pdf, draw_svg, draw_zpl

MAX_LABELS = 1000
"""Labels of a response; a thousand take two seconds as PDF."""
PDF = "application/pdf"
SVG = "image/svg+xml"
_MEDIA_TYPES = {"svg": SVG, "pdf": PDF, "zpl": "text/plain; charset=utf-8"}
_DESCRIPTION = "A label, or several: a page each in PDF, a format each in ZPL."

LabelFormat = Annotated[
    Literal["svg", "pdf", "zpl"],
    Query(alias="format", description="`zpl` is for label printers, which draw the code themselves."),
]
SheetFormat = Annotated[
    Literal["pdf", "zpl"], Query(alias="format", description="`pdf` has a page per label; `zpl` is for label printers.")
]
LabelSize = Annotated[SizeName | None, Query(alias="size", description="Width and height in millimetres.")]
Resolution = Annotated[
    Literal["203", "300"], Query(alias="dpi", description="Resolution of the label printer, for `zpl` only.")
]
_TEXT = {"schema": {"type": "string"}}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
LABEL_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"description": _DESCRIPTION, "content": {SVG: _BINARY, PDF: _BINARY, "text/plain": _TEXT}}
}
SHEET_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"description": _DESCRIPTION, "content": {PDF: _BINARY, "text/plain": _TEXT}}
}
PDF_RESPONSE: dict[int | str, dict[str, Any]] = {200: {"description": "A PDF document.", "content": {PDF: _BINARY}}}


class PrintResponse(Response):
    """What is printed; its media type follows from the requested format."""


async def label_response(labels: Sequence[Label], kind: str, dpi: str = "203") -> Response:
    """Draw labels in a thread."""
    return Response(await asyncio.to_thread(_draw, labels, kind, dpi), media_type=_MEDIA_TYPES[kind])


async def pdf_response(draw: Callable[[], bytes]) -> Response:
    """Draw a PDF document in a thread."""
    return Response(await asyncio.to_thread(draw), media_type=PDF)


def _draw(labels: Sequence[Label], kind: str, dpi: str) -> bytes:
    match kind:
        case "svg":
            return draw_svg(labels[0]).encode()
        case "pdf":
            return draw_pdf(labels)
        case _:
            return draw_zpl(labels, 12 if dpi == "300" else 8).encode()


def require_few(rows: Sequence[Any]) -> None:
    """Raise a problem if these are more than a response may have."""
    if len(rows) > MAX_LABELS:
        detail = f"These are over {MAX_LABELS} labels; filter for fewer, for example by SKU, or print them in parts"
        raise ProblemError(Code.VALIDATION_ERROR, detail)
