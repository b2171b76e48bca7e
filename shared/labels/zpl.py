"""Labels as ZPL II: the printer itself draws the symbol and the text."""

from collections.abc import Iterable
from string import punctuation

from shared.labels.label import Label
from shared.labels.layout import DOTS_PER_MM, Layout, lay_out
from shared.labels.symbols import Symbol
from shared.scans.element_strings import FNC1

_HEXADECIMAL = str.maketrans({char: f"\\{ord(char):02X}" for char in "^~\\"})
"""Characters with a meaning in ZPL, as the field hexadecimal command writes them."""
_NO_ESCAPES = "^~\\,"


def draw_zpl(labels: Iterable[Label], dots_per_mm: int = DOTS_PER_MM) -> str:
    """Write labels as ZPL for a printer with 8 or 12 dots per millimetre."""
    return "\n".join(_write(lay_out(label, dots_per_mm), dots_per_mm) for label in labels) + "\n"


def _write(layout: Layout, dots_per_mm: int) -> str:
    def dots(millimetres: float) -> int:
        return round(millimetres * dots_per_mm)

    lines = [
        f"^FO{dots(line.x)},{dots(line.y - line.size)}^A0N,{dots(line.size)}^FH\\^FD{_field(line.text)}^FS"
        for line in layout.lines if line.text
    ]  # fmt: skip
    draw = _write_bars if layout.symbol.symbology.is_linear else _write_matrix
    symbol = f"^FO{dots(layout.x)},{dots(layout.y)}{draw(layout, dots(layout.module), dots(layout.bar_height))}^FS"
    head = f"^XA^CI28^PW{dots(layout.size.width)}^LL{dots(layout.size.height)}^LH0,0"
    return "\n".join([head, symbol, *lines, "^XZ"])


def _write_matrix(layout: Layout, module: int, _: int) -> str:
    """Write a Data Matrix ECC 200, whose number of modules the printer chooses."""
    data = layout.symbol.data
    escape = next(char for char in punctuation if char not in data and char not in _NO_ESCAPES)
    if layout.symbol.symbology.is_gs1:
        data = f"{escape}1{data.replace(FNC1, f'{escape}1')}"
    return f"^BXN,{module},200,,,,{escape},1^FH\\^FD{_field(data)}"


def _write_bars(layout: Layout, module: int, height: int) -> str:
    """Write Code 128: pairs of digits for an SSCC, otherwise code set B."""
    return f"^BY{module}^BCN,{height},N,N,N,N^FH\\^FD{_bars_data(layout.symbol)}"


def _bars_data(symbol: Symbol) -> str:
    if symbol.symbology.is_gs1:
        return f">;>8{symbol.data}"
    return f">:{_field(symbol.data.replace('>', '>0'))}"


def _field(text: str) -> str:
    return text.translate(_HEXADECIMAL)
