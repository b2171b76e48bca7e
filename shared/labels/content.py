"""What labels of units, lots, cartons and locations say, as code and as text.

An identifier that GS1 does not allow gets a plain code, and the label says so.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from shared.labels.element_strings import has_two_digit_year, identifier_problem, write_date, write_human_readable
from shared.labels.label import SIZES, Label, SizeName
from shared.labels.layout import fits_linear
from shared.labels.symbols import Symbol, Symbology
from shared.scans.associations import Elements
from shared.scans.gtin import has_check_digit


class Item(NamedTuple):
    """The product of a label, with the lot and expiry date that are known."""

    sku: str
    name: str = ""
    gtin: str | None = None
    """The GTIN of one unit, in 14 digits."""
    lot: str = ""
    expiry: date | None = None


def unit_label(item: Item, serial: str, today: date, size: SizeName = "50x25") -> Label:
    """Return the label of a unit: GTIN, expiry, lot and serial number; without GTIN the serial number alone."""
    lines = [f"SN {serial}", *_lot_lines(item)]
    return _item_label(item, ("21", "serial number", serial), lines, today, size)


def lot_label(item: Item, today: date, size: SizeName = "50x25") -> Label:
    """Return the label of a lot: GTIN, expiry and lot; of an untracked product the GTIN or SKU alone."""
    return _item_label(item._replace(lot=""), ("10", "lot number", item.lot), _lot_lines(item), today, size)


def carton_label(
    carton: str, order: str, sscc: str | None, size: SizeName = "100x150", lines: Sequence[str] = ()
) -> Label:
    """Return the label of a carton: its SSCC in GS1-128, without SSCC its number."""
    text = [f"CARTON {carton}", f"ORDER {order}", *lines]
    if sscc and len(sscc) == 18 and has_check_digit(sscc):
        elements = (("00", sscc),)
        symbol = Symbol(Symbology.GS1_128, elements=elements)
        return Label(SIZES[size], symbol, (*text, write_human_readable(elements)))
    return Label(SIZES[size], _plain_symbol(carton, size), (*text, "No SSCC: plain code of the carton number"))


def location_label(location: str, kind: str, size: SizeName = "100x50") -> Label:
    """Return the label of a location with its warehouse."""
    warehouse, _, code = location.partition("/")
    return Label(SIZES[size], _plain_symbol(location, size), (code, f"{warehouse} {kind}"))


def _lot_lines(item: Item) -> list[str]:
    lot = [f"LOT {item.lot}"] if item.lot else []
    return [*lot, f"EXP {item.expiry.isoformat()}"] if item.expiry else lot


def _item_label(item: Item, key: tuple[str, str, str], lines: Sequence[str], today: date, size: SizeName) -> Label:
    """Build the label of a unit or lot; `key` is its application identifier, name and number."""
    ai, name, number = key
    product = [f"SKU {item.sku}", *([item.name] if item.name else [])]
    plain_reason = f"{name} {problem}" if (problem := identifier_problem(number)) else None
    if not item.gtin or not has_check_digit(item.gtin):
        plain_reason = "product without GTIN"
    if plain_reason or not item.gtin:
        symbol = Symbol(Symbology.DATAMATRIX, text=number or item.sku)
        note = f"Plain code of the {name if number else 'SKU'}, not GS1: {plain_reason}"
        return Label(SIZES[size], symbol, (*lines, *product, note))
    elements: list[tuple[str, str]] = [("01", item.gtin)]
    notes = []
    if item.expiry and has_two_digit_year(item.expiry, today):
        elements.append(("17", write_date(item.expiry)))
    elif item.expiry:
        notes.append("Expiry not in the code: GS1 has two digits for the year")
    if item.lot and (problem := identifier_problem(item.lot)):
        notes.append(f"Lot not in the code: {problem}")
    elif item.lot:
        elements.append(("10", item.lot))
    if number:
        elements.append((ai, number))
    return _gs1_label(tuple(elements), (*lines, *product, *notes), size)


def _gs1_label(elements: Elements, lines: tuple[str, ...], size: SizeName) -> Label:
    symbol = Symbol(Symbology.GS1_DATAMATRIX, elements=elements)
    return Label(SIZES[size], symbol, (*lines, write_human_readable(elements)))


def _plain_symbol(text: str, size: SizeName) -> Symbol:
    """Return bars if the label is wide enough for them, otherwise a square symbol."""
    linear = Symbol(Symbology.CODE_128, text=text)
    return linear if fits_linear(linear, SIZES[size]) else Symbol(Symbology.DATAMATRIX, text=text)
