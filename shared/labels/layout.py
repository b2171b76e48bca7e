"""Where the symbol and the lines of a label are, in millimetres from its upper left corner."""

from typing import NamedTuple

from shared.labels.fonts import text_width, wrap
from shared.labels.label import Label, Size
from shared.labels.symbols import Symbol

DOTS_PER_MM = 8
"""Dots of a usual printer (203 dpi); a module is a whole number of dots."""
MARGIN = 2.0
GAP = 2.0
MIN_MODULE = 0.25
MAX_MODULE = 1.0
MAX_MODULE_DOTS = 10
LINEAR_QUIET_MODULES = 10
MAX_BAR_HEIGHT = 32.0
LINE_HEIGHT = 1.25
FONT_SIZES = [tenths / 10 for tenths in range(60, 9, -2)]
"""Font sizes in millimetres, largest first."""


class TextLine(NamedTuple):
    """A line of text: left end of its baseline, and width."""

    x: float
    y: float
    size: float
    width: float
    text: str


class Layout(NamedTuple):
    """A label with the position of its symbol and its lines of text."""

    size: Size
    symbol: Symbol
    x: float
    y: float
    module: float
    """Width of a module."""
    bar_height: float
    """Height of a row of modules."""
    lines: list[TextLine]


def fits_linear(symbol: Symbol, size: Size) -> bool:
    """Whether the bars of a symbol are wide enough to be read on a label of a size."""
    return (symbol.columns + 2 * LINEAR_QUIET_MODULES) * MIN_MODULE <= size.width


def lay_out(label: Label, dots_per_mm: int = DOTS_PER_MM) -> Layout:
    """Place the symbol: bars below the text, a square left of it."""
    size, symbol = label.size, label.symbol
    if symbol.symbology.is_linear:
        module = _module(size.width / (symbol.columns + 2 * LINEAR_QUIET_MODULES), dots_per_mm)
        height = min(MAX_BAR_HEIGHT, size.height * 0.45)
        x = int((size.width - symbol.columns * module) / 2 * dots_per_mm) / dots_per_mm
        y = size.height - MARGIN - height
        lines = _place(label.lines, MARGIN, MARGIN, size.width - 2 * MARGIN, y - GAP - MARGIN)
        return Layout(size, symbol, x, y, module, height, lines)
    side = min(size.height - 2 * MARGIN, size.width * 0.45)
    module = _module(side / symbol.columns, dots_per_mm)
    text_x = MARGIN + symbol.columns * module + GAP
    lines = _place(label.lines, text_x, MARGIN, size.width - MARGIN - text_x, size.height - 2 * MARGIN)
    return Layout(size, symbol, MARGIN, MARGIN, module, module, lines)


def _module(width: float, dots_per_mm: int) -> float:
    """Return the widest module that is a whole number of dots and that printers can draw."""
    return max(1, min(int(min(width, MAX_MODULE) * dots_per_mm), MAX_MODULE_DOTS)) / dots_per_mm


def _place(lines: tuple[str, ...], x: float, y: float, width: float, height: float) -> list[TextLine]:
    """Place lines in the largest font in which all of them fit; in the smallest, drop what is left over."""
    longest_word = max(text_width(word, 1) for line in lines for word in line.split(" "))
    for size in [size for size in FONT_SIZES if size * longest_word <= width] or FONT_SIZES[-1:]:
        wrapped = [part for line in lines for part in wrap(line, size, width)]
        if len(wrapped) * size * LINE_HEIGHT <= height:
            break
    fitting = wrapped[: max(1, int(height / (size * LINE_HEIGHT)))]
    return [
        TextLine(x, y + size * LINE_HEIGHT * index + size, size, text_width(text, size), text)
        for index, text in enumerate(fitting)
    ]
