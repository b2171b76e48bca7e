"""Handlers and app of the toy service."""

import os
from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import text

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.results import PartialResult
from shared.http import CsvColumn, Limit, NotFoundError, Page, ReadTransaction, csv_response, decode_cursor, paginate
from shared.messaging.handlers import CommandHandler, CommandResult, EventHandler, ScheduledJob
from shared.persistence.database import Transaction
from shared.runtime import create_app
from tests.support.toy.messages import Add, Added, Arrived, Ripe, ToyRejected

SELECT_UNITS = text(
    "SELECT box, serial, position FROM unit WHERE box = ANY(CAST(:boxes AS text[])) ORDER BY box, position"
)
INSERT_UNITS = text("""
    INSERT INTO unit (box, serial, position)
    SELECT * FROM unnest(CAST(:boxes AS text[]), CAST(:serials AS text[]), CAST(:positions AS int[]))
""")
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


class Boxes:
    """The boxes of a batch and their new units."""

    def __init__(self) -> None:
        self.units: dict[str, list[str]] = {}
        self.inserted: list[tuple[str, str, int]] = []

    async def load(self, tx: Transaction, boxes: set[str]) -> "Boxes":
        """Load the content of boxes."""
        for row in await tx.fetch_all(SELECT_UNITS, {"boxes": list(boxes)}):
            self.units.setdefault(row.box, []).append(row.serial)
        return self

    def add(self, box: str, serials: Sequence[str]) -> tuple[list[str], list[int], list[str]]:
        """Add units; returns the new ones, their positions, and the existing ones."""
        contents = self.units.setdefault(box, [])
        existing = [serial for serial in serials if serial in contents]
        added = [serial for serial in serials if serial not in contents]
        positions = list(range(len(contents) + 1, len(contents) + 1 + len(added)))
        contents.extend(added)
        self.inserted += [(box, serial, position) for serial, position in zip(added, positions, strict=True)]
        return added, positions, existing

    async def save(self, tx: Transaction) -> None:
        """Insert the new units."""
        if self.inserted:
            boxes, serials, positions = zip(*self.inserted, strict=True)
            await tx.execute(INSERT_UNITS, {"boxes": boxes, "serials": serials, "positions": positions})


async def on_add(tx: Transaction, events: Sequence[CloudEvent[Add]]) -> Sequence[CommandResult]:
    """Add units to boxes; existing units are rejected."""
    boxes = await Boxes().load(tx, {event.data.box for event in events})
    results = []
    for event in events:
        _raise_on_request(event.data.serials)
        added, positions, existing = boxes.add(event.data.box, event.data.serials)
        violations = [
            ProblemDetail(code=Code.DUPLICATE_SERIAL, detail=f"{serial} is already in the box", ids=[serial])
            for serial in existing
        ]
        added_event = Added(
            box=event.data.box, serials=added, positions=positions, actor=event.actor, cause=event.cause
        )
        body = Filled(box=event.data.box, units=positions[-1]) if added else None
        resource_path = f"/boxes/{event.data.box}" if positions[:1] == [1] else None
        results.append(CommandResult(body, [added_event] if added else [], violations, resource_path))
    await boxes.save(tx)
    return results


async def on_arrived(tx: Transaction, events: Sequence[CloudEvent[Arrived]]) -> Sequence[Message]:
    """Add arrived units to boxes; an existing unit is a conflict."""
    boxes = await Boxes().load(tx, {event.data.box for event in events})
    emitted: list[Message] = []
    for event in events:
        _raise_on_request(event.data.serials)
        added, positions, existing = boxes.add(event.data.box, event.data.serials)
        if added:
            emitted.append(Added(box=event.data.box, serials=added, positions=positions, cause=event.cause))
        emitted += [
            ToyRejected(
                kind="EVENT_CONFLICT", document=event.data.box, rejected_type=event.type, code=Code.DUPLICATE_SERIAL,
                detail=f"{serial} is already in the box", ids=[serial], cause=event.cause,
            )
            for serial in existing
        ]  # fmt: skip
    await boxes.save(tx)
    return emitted


async def find_ripe(tx: Transaction, after: Ripe | None, size: int) -> Sequence[Ripe]:
    """Find the boxes with an egg that has not hatched."""
    values = {"after": after.box if after else "", "size": size}
    return [Ripe(box=row.box) for row in await tx.fetch_all(SELECT_UNHATCHED, values)]


async def hatch(tx: Transaction, events: Sequence[CloudEvent[Ripe]]) -> Sequence[Message]:
    """Hatch each egg once."""
    boxes = await Boxes().load(tx, {event.data.box for event in events})
    emitted: list[Message] = []
    for event in events:
        _raise_on_request(boxes.units[event.data.box])
        added, positions, _ = boxes.add(event.data.box, ["chick"])
        if added:
            emitted.append(
                Added(box=event.data.box, serials=added, positions=positions, actor=event.actor, cause=event.cause)
            )
    await boxes.save(tx)
    return emitted


@router.get("/boxes/{box}")
async def get_contents(tx: ReadTransaction, box: str) -> Contents:
    """Return the number of units in a box."""
    units = len(await tx.fetch_all(SELECT_UNITS, {"boxes": [box]}))
    if not units:
        raise NotFoundError(f"Box {box} not found")
    return Contents(box=box, units=units)


@router.get("/units")
async def list_units(tx: ReadTransaction, *, cursor: str | None = None, limit: Limit = 100) -> Page[str]:
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
async def export_units(request: Request) -> StreamingResponse:
    """Export all units as CSV."""
    columns = (CsvColumn("box", "box"), CsvColumn("serial", "serial number"), CsvColumn("position", "position"))
    statement = text("SELECT box, serial, position FROM unit ORDER BY box, position")
    return await csv_response(request, "units", columns, statement, {})


def _lock_keys(data: Add | Arrived | Ripe) -> tuple[str]:
    return (f"box:{data.box}",)


handlers = (
    CommandHandler(
        Add, on_add, _lock_keys, "/boxes/{box}/units", Filled, "addUnits", "Add units to a box", success_status=201
    ),
    EventHandler(Arrived, on_arrived, _lock_keys),
)
app = create_app("toy", handlers, ToyRejected, [router], [ScheduledJob(Ripe, find_ripe, hatch, _lock_keys)])
app.state.versions = Path(__file__).parent / "migrations" / "versions"
