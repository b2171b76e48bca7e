"""The font of labels and documents: Bitstream Vera, which reportlab brings, and what it can show."""

from functools import cache

from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "Vera", "VeraBd"
UNKNOWN = "?"
"""Replaces characters that the font lacks."""


@cache
def _glyphs() -> frozenset[int]:
    """Register the fonts and return their characters."""
    regular, bold = TTFont(REGULAR, "Vera.ttf"), TTFont(BOLD, "VeraBd.ttf")
    registerFont(regular)
    registerFont(bold)
    return frozenset(regular.face.charToGlyph) & frozenset(bold.face.charToGlyph)


def to_printable(text: str) -> str:
    """Replace the characters that the font lacks."""
    glyphs = _glyphs()
    return text if text.isascii() else "".join(char if ord(char) in glyphs else UNKNOWN for char in text)


def text_width(text: str, size: float, font: str = REGULAR) -> float:
    """Return the width of a text in the unit of `size`."""
    _glyphs()
    return float(stringWidth(to_printable(text), font, size))


def wrap(text: str, size: float, width: float, font: str = REGULAR) -> list[str]:
    """Break a text into lines of at most `width`, between words where possible."""
    text = to_printable(text)
    if text_width(text, size, font) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        candidate = f"{lines[-1]} {word}" if lines[-1] else word
        if text_width(candidate, size, font) <= width:
            lines[-1] = candidate
            continue
        rest = word
        if lines[-1]:
            lines.append("")
        while text_width(rest, size, font) > width and len(rest) > 1:
            cut = next(
                end for end in range(len(rest) - 1, 0, -1) if end == 1 or text_width(rest[:end], size, font) <= width
            )
            lines[-1:] = [rest[:cut], ""]
            rest = rest[cut:]
        lines[-1] = rest
    return lines
