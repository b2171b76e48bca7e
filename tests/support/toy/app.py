"""Handlers and app of the toy service."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import text

from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.results import PartialResult
from shared.http import (
    CsvColumn,
    Cursor,
    Guard,
    Limit,
    NotFoundError,
    Page,
    ReadTransaction,
    csv_response,
    decode_cursor,
    paginate,
)
from shared.messaging.handlers import CommandHandler, EventHandler, ScheduledJob
from shared.persistence.database import Transaction
from shared.persistence.record_table import RecordTable
from shared.runtime import create_app
from shared.unit_of_work import CommandResult, UnitOfWork
from shared.working_set import WorkingSet
from tests.support.toy.messages import Add, Added, Arrived, Ripe, ToyRejected

SELECT_UNITS = text(
    "SELECT box, serial, position FROM unit WHERE box = ANY(CAST(:boxes AS text[])) ORDER BY box, position"
)
SELECT_UNHATCHED = text("""
    SELECT e.box FROM unit AS e
    WHERE e.serial = 'egg' AND e.box > :after AND NOT EXISTS (
        SELECT FROM unit AS c WHERE c.box = e.box AND c.serial = 'chick'
    )
    ORDER BY e.box LIMIT :size
""")
router = APIRouter()


class Contents(BaseModel):
    """A box and its number of units."""

    box: str
    units: int


class Filled(Contents, PartialResult):
    """Result of adding units to a box."""


def _raise_on_request(serials: Sequence[str]) -> None:
    """Raise like a bug: always, or once while a file exists."""
    if "BOOM" in serials:
        raise RuntimeError("boom")
    if "ONCE" in serials and (file := Path(os.environ["TOY_ONCE"])).exists():
        file.unlink()
        raise RuntimeError("once")


class Unit(NamedTuple):
    """A unit in a box."""

    box: str
    serial: str
    position: int


class ToyUnitOfWork(UnitOfWork):
    """The units of boxes."""

    rejection_type = ToyRejected

    def __init__(self, now: datetime, ids: Iterator[str]) -> None:
        super().__init__(now, ids)
        self.units: WorkingSet[tuple[str, str], Unit] = WorkingSet(attrgetter("box", "serial"))
        self.units_by_box = self.units.index(attrgetter("box"))

    def add(self, box: str, serials: Sequence[str]) -> tuple[list[str], list[str]]:
        """Add units and emit an event; returns the new units and the existing ones."""
        existing = [serial for serial in serials if (box, serial) in self.units]
        added = [serial for serial in serials if (box, serial) not in self.units]
        first = len(self.units_by_box[box]) + 1
        for position, serial in enumerate(added, first):
            self.units.put(Unit(box, serial, position))
        if added:
            self.emit(Added, box=box, serials=added, positions=list(range(first, first + len(added))))
        return added, existing


UNITS = RecordTable("unit", Unit, "box serial", types={"position": "integer"})


async def load_units(tx: Transaction, uow: ToyUnitOfWork, events: Sequence[CloudEvent[Any]]) -> None:
    """Load the units of boxes."""
    uow.units.load(UNITS.load(await tx.fetch_all(SELECT_UNITS, {"boxes": list({event.data.box for event in events})})))


async def save(tx: Transaction, uow: ToyUnitOfWork) -> None:
    """Insert the new units."""
    await UNITS.save(tx, uow.units)


def add(uow: ToyUnitOfWork, command: Add) -> CommandResult:
    """Add units to a box; existing units are rejected."""
    _raise_on_request(command.serials)
    added, existing = uow.add(command.box, command.serials)
    violations = [
        ProblemDetail(code=Code.DUPLICATE_SERIAL, detail=f"{serial} is already in the box", ids=[serial])
        for serial in existing
    ]
    if not added:
        return CommandResult.rejected(*violations)
    count = len(uow.units_by_box[command.box])
    resource_path = f"/boxes/{command.box}" if count == len(added) else None
    return CommandResult(Filled(box=command.box, units=count), (), violations, resource_path)


def on_arrived(uow: ToyUnitOfWork, event: Arrived) -> None:
    """Add arrived units to boxes; an existing unit is a conflict."""
    _raise_on_request(event.serials)
    _, existing = uow.add(event.box, event.serials)
    for serial in existing:
        uow.record_conflict(Code.DUPLICATE_SERIAL, f"{serial} is already in the box", ids=[serial])


def hatch(uow: ToyUnitOfWork, due: Ripe) -> None:
    """Hatch an egg once."""
    _raise_on_request([unit.serial for unit in uow.units_by_box[due.box]])
    uow.add(due.box, ["chick"])


async def find_ripe(tx: Transaction, after: Ripe | None, size: int) -> Sequence[Ripe]:
    """Find the boxes with an egg that has not hatched."""
    values = {"after": after.box if after else "", "size": size}
    return [Ripe(box=row.box) for row in await tx.fetch_all(SELECT_UNHATCHED, values)]


@router.get("/boxes/{box}")
async def get_contents(tx: ReadTransaction, box: str) -> Contents:
    """Return the number of units in a box."""
    units = len(await tx.fetch_all(SELECT_UNITS, {"boxes": [box]}))
    if not units:
        raise NotFoundError(f"Box {box} not found")
    return Contents(box=box, units=units)


@router.get("/units")
async def list_units(tx: ReadTransaction, *, cursor: Cursor = None, limit: Limit = 100) -> Page[str]:
    """List all units."""
    after_box, after_position = decode_cursor(cursor, str, int) or ("", 0)
    unit_rows = await tx.fetch_all(
        text(
            "SELECT box, position, serial FROM unit WHERE (box, position) > (:box, :position) "
            "ORDER BY box, position LIMIT :size"
        ),
        {"box": after_box, "position": after_position, "size": limit + 1},
    )
    return paginate(unit_rows, limit, lambda row: str(row.serial), lambda row: (row.box, row.position))


@router.get("/units.csv")
async def export_units(request: Request, *, guard: Guard = False) -> StreamingResponse:
    """Export all units as CSV."""
    columns = (CsvColumn("box", "box"), CsvColumn("serial", "serial number"), CsvColumn("position", "position"))
    statement = text("SELECT box, serial, position FROM unit ORDER BY box, position")
    return await csv_response(request, "units", columns, statement, {}, guard=guard)


def _lock_keys(data: Add | Arrived | Ripe) -> tuple[str]:
    return (f"box:{data.box}",)


handlers = (
    CommandHandler(
        Add, add, _lock_keys, "/boxes/{box}/units", Filled, "addUnits", "Add units to a box", success_status=201,
        load=load_units,
    ),
    EventHandler(Arrived, on_arrived, _lock_keys, load=load_units),
)  # fmt: skip
app = create_app(
    "toy", handlers, ToyUnitOfWork, [router], save=save,
    jobs=[ScheduledJob(Ripe, find_ripe, hatch, _lock_keys, load_units)],
)  # fmt: skip
app.state.versions = Path(__file__).parent / "migrations" / "versions"
