"""Documents in A4 as PDF: a heading, named values and tables, with numbered pages."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import accumulate
from typing import NamedTuple

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from shared.labels.fonts import BOLD, REGULAR, wrap

MARGIN = 15 * mm
FONT_SIZE = 8.5
LINE = FONT_SIZE * 1.35
TITLE_SIZE = 16.0
CELL_GAP = 2 * mm
NAME_WIDTH = 40 * mm


class Table(NamedTuple):
    """A table: heading, column titles with their share of the width, and rows."""

    heading: str
    columns: Sequence[tuple[str, int]]
    rows: Sequence[Sequence[str]]


class Document(NamedTuple):
    """A document that starts on a page of its own; values may have several lines."""

    title: str
    values: Sequence[tuple[str, str]]
    tables: Sequence[Table]


def draw_documents(documents: Iterable[Document]) -> bytes:
    """Draw documents one after the other, each with page numbers of its own."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, pageCompression=1, invariant=True)
    for document in documents:
        canvas.setTitle(document.title)
        _Pages(canvas, document).draw()
    canvas.save()
    return buffer.getvalue()


class _Pages:
    """Draws a document from top to bottom, with a new page where the space ends."""

    def __init__(self, canvas: Canvas, document: Document) -> None:
        self._canvas, self._document = canvas, document
        self._width = A4[0] - 2 * MARGIN
        self._page = 1
        self._y = A4[1] - MARGIN

    def draw(self) -> None:
        """Draw the document."""
        for line in wrap(self._document.title, TITLE_SIZE, self._width, BOLD):
            self._y -= TITLE_SIZE * 1.3
            self._write(MARGIN, line, BOLD, TITLE_SIZE)
        self._y -= LINE
        for name, value in self._document.values:
            lines = [part for line in value.splitlines() for part in self._wrap(line, self._width - NAME_WIDTH)]
            self._draw_row([(MARGIN, [name]), (MARGIN + NAME_WIDTH, lines)])
        for table in self._document.tables:
            self._draw_table(table)
        self._end_page()

    def _draw_table(self, table: Table) -> None:
        share = self._width / sum(width for _, width in table.columns)
        before = accumulate((width for _, width in table.columns[:-1]), initial=0)
        starts = [MARGIN + share * width for width in before]
        widths = [width * share - CELL_GAP for _, width in table.columns]
        titles = [(start, [title]) for start, (title, _) in zip(starts, table.columns, strict=True)]
        self._reserve(4)
        self._y -= LINE
        self._draw_row([(MARGIN, self._wrap(table.heading, self._width, BOLD))], BOLD)
        self._draw_row(titles, BOLD)
        for row in table.rows:
            cells = [(start, self._wrap(text, width)) for start, width, text in zip(starts, widths, row, strict=True)]
            if self._reserve(max(len(lines) for _, lines in cells)):
                self._draw_row(titles, BOLD)
            self._draw_row(cells)

    def _draw_row(self, cells: Sequence[tuple[float, Sequence[str]]], font: str = REGULAR) -> None:
        height = max(1, *(len(lines) for _, lines in cells)) if cells else 1
        self._reserve(height)
        for x, lines in cells:
            for index, line in enumerate(lines, start=1):
                self._canvas.setFont(font, FONT_SIZE)
                self._canvas.drawString(x, self._y - index * LINE, line)
        self._y -= height * LINE

    def _reserve(self, lines: int) -> bool:
        """Start a new page if these lines do not fit."""
        if self._y - lines * LINE >= MARGIN + LINE:
            return False
        self._end_page()
        self._page += 1
        self._y = A4[1] - MARGIN
        return True

    def _end_page(self) -> None:
        self._canvas.setFont(REGULAR, FONT_SIZE)
        self._canvas.drawRightString(A4[0] - MARGIN, MARGIN - LINE, f"{self._document.title} · page {self._page}")
        self._canvas.showPage()

    def _write(self, x: float, text: str, font: str, size: float) -> None:
        self._canvas.setFont(font, size)
        self._canvas.drawString(x, self._y, text)

    @staticmethod
    def _wrap(text: str, width: float, font: str = REGULAR) -> list[str]:
        return wrap(text, FONT_SIZE, width, font)
