"""Labels as SVG."""

from html import escape

from shared.labels.label import Label
from shared.labels.layout import lay_out


def draw_svg(label: Label) -> str:
    """Draw a label as an SVG image of its size."""
    layout = lay_out(label)
    width, height = layout.size
    bars = "".join(
        f"M{layout.x + run.start * layout.module:.4g} {layout.y + run.row * layout.bar_height:.4g}"
        f"h{run.length * layout.module:.4g}v{layout.bar_height:.4g}h-{run.length * layout.module:.4g}z"
        for run in layout.symbol.dark_runs()
    )
    lines = "".join(
        f'<text x="{line.x:.4g}" y="{line.y:.4g}" font-size="{line.size:.4g}" textLength="{line.width:.4g}"'
        f' lengthAdjust="spacingAndGlyphs">{escape(line.text)}</text>'
        for line in layout.lines if line.text
    )  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}">'
        f'<rect width="{width}" height="{height}" fill="#fff"/><path shape-rendering="crispEdges" d="{bars}"/>'
        f'<g font-family="Verdana,DejaVu Sans,sans-serif">{lines}</g></svg>'
    )
