"""Labels as PDF, a page per label."""

from collections.abc import Iterable
from io import BytesIO

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from shared.labels.fonts import REGULAR
from shared.labels.label import Label
from shared.labels.layout import Layout, lay_out


def draw_pdf(labels: Iterable[Label]) -> bytes:
    """Draw labels as a PDF document with a page of its size for each."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pageCompression=1, invariant=True)
    canvas.setTitle("Labels")
    for label in labels:
        canvas.setPageSize((label.size.width * mm, label.size.height * mm))
        _draw(canvas, lay_out(label))
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw(canvas: Canvas, layout: Layout) -> None:
    """Draw a label; PDF measures from the lower left corner."""
    bars = canvas.beginPath()
    for run in layout.symbol.dark_runs():
        bottom = layout.size.height - layout.y - (run.row + 1) * layout.bar_height
        bars.rect(
            (layout.x + run.start * layout.module) * mm, bottom * mm, run.length * layout.module * mm,
            layout.bar_height * mm,
        )  # fmt: skip
    canvas.drawPath(bars, stroke=0, fill=1)
    for line in layout.lines:
        canvas.setFont(REGULAR, line.size * mm)
        canvas.drawString(line.x * mm, (layout.size.height - line.y) * mm, line.text)
