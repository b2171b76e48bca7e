"""The rows that returns are decided on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from pydantic import BaseModel

from services.receiving.receipts.domain.desk import Rows
from services.receiving.receipts.domain.records import Key, Unit
from shared.contracts.reference import LocationType, Tracking


class Return(NamedTuple):
    """Goods of one order that its customer sent back; its units are on hold under one id."""

    return_id: str
    order: str
    customer: str
    hold: str
    at: datetime
    actor: str


class ReturnUnit(NamedTuple):
    """A unit of a return, and what was decided."""

    return_id: str
    sku: str
    serial: str
    location: str
    reason: str
    at: datetime
    actor: str
    disposition: str | None = None
    disposed_reason: str | None = None
    disposed_at: datetime | None = None
    disposed_by: str | None = None


class ReturnAnswer(BaseModel):
    """A return after a command, and the serials that the command concerned."""

    return_id: str
    hold: str
    serials: list[str]


@dataclass(slots=True)
class Book:
    """What the rules see and change."""

    now: datetime
    ids: Iterator[str]
    trackings: Mapping[str, Tracking] = field(default_factory=dict)
    locations: Mapping[str, LocationType] = field(default_factory=dict)
    units: Rows[Key, Unit] = field(default_factory=Rows)
    returns: Rows[str, Return] = field(default_factory=Rows)
    returned: Rows[tuple[str, str, str], ReturnUnit] = field(default_factory=Rows)
