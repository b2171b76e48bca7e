"""Barcode symbols: their data and modules."""

from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

import zxingcpp

from shared.scans.associations import Elements
from shared.scans.writing import to_element_string


class Symbology(StrEnum):
    """Symbology of a barcode."""

    GS1_DATAMATRIX = "GS1_DATAMATRIX"
    GS1_128 = "GS1_128"
    DATAMATRIX = "DATAMATRIX"
    CODE_128 = "CODE_128"

    @property
    def is_linear(self) -> bool:
        """Whether its symbols are bars of any height."""
        return self in (Symbology.GS1_128, Symbology.CODE_128)

    @property
    def is_gs1(self) -> bool:
        """Whether its symbols hold an element string."""
        return self in (Symbology.GS1_DATAMATRIX, Symbology.GS1_128)


Modules = tuple[bytes, ...]
"""Rows of a symbol without quiet zone, a byte per module: 0 is dark; a linear symbol has one row."""


class Run(NamedTuple):
    """Adjacent dark modules of a row."""

    row: int
    start: int
    length: int


class Symbol:
    """A barcode symbol with valid data: the elements of an element string, or plain text."""

    def __init__(self, symbology: Symbology, *, elements: Elements = (), text: str = "") -> None:
        if bool(elements) != symbology.is_gs1 or bool(text) == bool(elements):
            raise ValueError(f"{symbology} holds {'an element string' if symbology.is_gs1 else 'plain text'}")
        self.symbology, self.elements, self.text = symbology, elements, text

    @property
    def data(self) -> str:
        """The text that a scanner sends, without symbology identifier."""
        return to_element_string(self.elements) if self.elements else self.text

    @cached_property
    def modules(self) -> Modules:
        """The modules of the symbol."""
        writer = zxingcpp.BarcodeFormat.Code128 if self.symbology.is_linear else zxingcpp.BarcodeFormat.DataMatrix
        options = {} if self.symbology.is_linear else {"force_square": True}
        # Square brackets mark the application identifiers: no value can hold them.
        content = "".join(f"[{ai}]{value}" for ai, value in self.elements) or self.text
        barcode = zxingcpp.create_barcode(content, writer, gs1=self.symbology.is_gs1, **options)
        image: Any = barcode.to_image(scale=1, add_quiet_zones=False)
        columns, pixels = image.shape[1], memoryview(image).tobytes()
        rows = [pixels[start : start + columns] for start in range(0, len(pixels), columns)]
        return tuple(rows[:1] if self.symbology.is_linear else rows)

    @property
    def columns(self) -> int:
        """Modules in a row."""
        return len(self.modules[0])

    def dark_runs(self) -> list[Run]:
        """Return the dark modules, adjacent ones as one run."""
        runs = []
        for row, modules in enumerate(self.modules):
            column = 0
            while (start := modules.find(0, column)) >= 0:
                end = next((end for end in range(start, len(modules)) if modules[end]), len(modules))
                runs.append(Run(row, start, end - start))
                column = end
        return runs
