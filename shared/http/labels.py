"""Responses with labels and documents to print."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import Depends, Query, Response

from shared.contracts.problems import Code
from shared.http.problems import ProblemError
from shared.labels import Label, SizeName, draw_pdf, draw_svg, draw_zpl

MAX_LABELS = 1000
"""Labels of a response; a thousand take two seconds as PDF."""
PDF = "application/pdf"
SVG = "image/svg+xml"
_MEDIA_TYPES = {"svg": SVG, "pdf": PDF, "zpl": "text/plain; charset=utf-8"}
_DESCRIPTION = "A label, or several: a page each in PDF, a format each in ZPL."

_LabelFormat = Annotated[
    Literal["svg", "pdf", "zpl"],
    Query(alias="format", description="`zpl` is for label printers, which draw the code themselves."),
]
_SheetFormat = Annotated[
    Literal["pdf", "zpl"], Query(alias="format", description="`pdf` has a page per label; `zpl` is for label printers.")
]
_LabelSize = Annotated[SizeName | None, Query(alias="size", description="Width and height in millimetres.")]
_Resolution = Annotated[
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


class LabelPrint(NamedTuple):
    """How labels are printed; without `size`, each kind of label has its own."""

    kind: str
    size: SizeName | None
    dpi: str

    async def draw(self, labels: Sequence[Label]) -> Response:
        """Draw labels in a thread."""
        content = await asyncio.to_thread(_draw, labels, self.kind, self.dpi)
        return Response(content, media_type=_MEDIA_TYPES[self.kind])


def _print_of_one(kind: _LabelFormat = "pdf", size: _LabelSize = None, dpi: _Resolution = "203") -> LabelPrint:
    return LabelPrint(kind, size, dpi)


def _print_of_several(kind: _SheetFormat = "pdf", size: _LabelSize = None, dpi: _Resolution = "203") -> LabelPrint:
    return LabelPrint(kind, size, dpi)


OneLabel = Annotated[LabelPrint, Depends(_print_of_one)]
"""Parameters of a single label."""
SeveralLabels = Annotated[LabelPrint, Depends(_print_of_several)]
"""Parameters of several labels in one file."""


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
