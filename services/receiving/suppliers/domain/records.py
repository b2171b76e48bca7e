"""Immutable records of suppliers."""

from datetime import datetime
from typing import NamedTuple


class Supplier(NamedTuple):
    """How the goods of a supplier are received, and who decided it."""

    supplier: str
    receive_by_carton: bool
    changed_at: datetime
    changed_by: str
