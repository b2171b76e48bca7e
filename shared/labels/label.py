"""A label: its symbol, human-readable lines and size."""

from typing import Literal, NamedTuple

from shared.labels.symbols import Symbol

SizeName = Literal["50x25", "70x40", "100x50", "100x150"]


class Size(NamedTuple):
    """Width and height of a label in millimetres."""

    width: int
    height: int


SIZES: dict[SizeName, Size] = {
    "50x25": Size(50, 25), "70x40": Size(70, 40), "100x50": Size(100, 50), "100x150": Size(100, 150),
}  # fmt: skip


class Label(NamedTuple):
    """A label; its lines are printed as they are, the first one largest."""

    size: Size
    symbol: Symbol
    lines: tuple[str, ...]
