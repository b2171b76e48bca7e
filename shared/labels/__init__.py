"""Labels with a barcode and human-readable text, as SVG, PDF and ZPL."""

from shared.labels.content import Item, carton_label, location_label, lot_label, unit_label
from shared.labels.label import SIZES, Label, SizeName
from shared.labels.pdf import draw_pdf
from shared.labels.svg import draw_svg
from shared.labels.symbols import Symbol, Symbology
from shared.labels.zpl import draw_zpl

__all__ = [
    "SIZES",
    "Item",
    "Label",
    "SizeName",
    "Symbol",
    "Symbology",
    "carton_label",
    "draw_pdf",
    "draw_svg",
    "draw_zpl",
    "location_label",
    "lot_label",
    "unit_label",
]
