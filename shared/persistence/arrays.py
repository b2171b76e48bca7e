"""Arrays as parameters of set-based statements."""

from collections.abc import Iterable, Sequence
from typing import Any


def to_arrays(rows: Iterable[Sequence[Any]], *names: str) -> dict[str, list[Any]]:
    """Convert rows to one array per column, the parameters of `unnest`."""
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {name: list(values) for name, values in zip(names, columns, strict=True)}
