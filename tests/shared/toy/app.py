"""The toy service's map and its handlers."""

import os
from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import text

from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.problems import Code, Refusal
from shared.contracts.results import PartialResult
from shared.database import Transaction
from shared.http import Column, Limit, NotFound, Page, Reading, csv_response, page, parts
from shared.routing import Answer, Finds, Hears, Takes
from shared.runtime import service
from tests.shared.toy.messages import Add, Added, Arrived, Ripe, ToyRejected

KNOWN = text("SELECT box, serial, place FROM unit WHERE box = ANY(CAST(:boxes AS text[])) ORDER BY box, place")
SAVE = text("""
    INSERT INTO unit (box, serial, place)
    SELECT * FROM unnest(CAST(:boxes AS text[]), CAST(:serials AS text[]), CAST(:places AS int[]))
""")
EGGS = text("""
    SELECT e.box FROM unit AS e
    WHERE e.serial = 'egg' AND e.box > :after AND NOT EXISTS (
        SELECT FROM unit AS c WHERE c.box = e.box AND c.serial = 'chick'
    )
    ORDER BY e.box LIMIT :size
""")
router = APIRouter()


class Contents(BaseModel):
    """A box and how many units lie in it."""

    box: str
    units: int


class Filled(Contents, PartialResult):
    """A box after units were added."""


def _trip(serials: Sequence[str]) -> None:
    """Raise as a bug would: always, or as long as a file is there."""
    if "BOOM" in serials:
        raise RuntimeError("boom")
    if "ONCE" in serials and (file := Path(os.environ["TOY_ONCE"])).exists():
        file.unlink()
        raise RuntimeError("once")


class Boxes:
    """The boxes of a batch as they fill."""

    def __init__(self) -> None:
        self.units: dict[str, list[str]] = {}
        self.new: list[tuple[str, str, int]] = []

    async def load(self, tx: Transaction, boxes: set[str]) -> "Boxes":
        """Read what lies in some boxes."""
        for row in await tx.rows(KNOWN, {"boxes": list(boxes)}):
            self.units.setdefault(row.box, []).append(row.serial)
        return self

    def add(self, box: str, serials: Sequence[str]) -> tuple[list[str], list[int], list[str]]:
        """Lay units in: the new ones, their places, and those that lay there already."""
        inside = self.units.setdefault(box, [])
        known = [serial for serial in serials if serial in inside]
        fresh = [serial for serial in serials if serial not in inside]
        places = list(range(len(inside) + 1, len(inside) + 1 + len(fresh)))
        inside.extend(fresh)
        self.new += [(box, serial, place) for serial, place in zip(fresh, places, strict=True)]
        return fresh, places, known

    async def save(self, tx: Transaction) -> None:
        """Write what is new."""
        if self.new:
            boxes, serials, places = zip(*self.new, strict=True)
            await tx.run(SAVE, {"boxes": boxes, "serials": serials, "places": places})


async def on_add(tx: Transaction, events: Sequence[CloudEvent[Add]]) -> Sequence[Answer]:
    """Lay units into boxes; one that lies there already is refused."""
    boxes = await Boxes().load(tx, {event.data.box for event in events})
    answers = []
    for event in events:
        _trip(event.data.serials)
        fresh, places, known = boxes.add(event.data.box, event.data.serials)
        refusals = [Refusal(code=Code.SERIAL_KNOWN, detail=f"{serial} lies there", ids=[serial]) for serial in known]
        said = Added(box=event.data.box, serials=fresh, places=places, actor=event.actor, cause=event.cause)
        body = Filled(box=event.data.box, units=places[-1]) if fresh else None
        address = f"/boxes/{event.data.box}" if places[:1] == [1] else None
        answers.append(Answer(body, [said] if fresh else [], refusals, address))
    await boxes.save(tx)
    return answers


async def on_arrived(tx: Transaction, events: Sequence[CloudEvent[Arrived]]) -> Sequence[Fact]:
    """Units came; one that is there already is a disagreement."""
    boxes = await Boxes().load(tx, {event.data.box for event in events})
    said: list[Fact] = []
    for event in events:
        _trip(event.data.serials)
        fresh, places, known = boxes.add(event.data.box, event.data.serials)
        if fresh:
            said.append(Added(box=event.data.box, serials=fresh, places=places, cause=event.cause))
        said += [
            ToyRejected(
                kind="DISAGREEMENT", document=event.data.box, refused_type=event.type, code=Code.SERIAL_KNOWN,
                detail=f"{serial} lies there", ids=[serial], cause=event.cause,
            )
            for serial in known
        ]  # fmt: skip
    await boxes.save(tx)
    return said


async def ripe(tx: Transaction, after: Ripe | None, size: int) -> Sequence[Ripe]:
    """Find the eggs that have not hatched."""
    values = {"after": after.box if after else "", "size": size}
    return [Ripe(box=row.box) for row in await tx.rows(EGGS, values)]


async def hatch(tx: Transaction, events: Sequence[CloudEvent[Ripe]]) -> Sequence[Fact]:
    """Let eggs hatch, once each."""
    boxes = await Boxes().load(tx, {event.data.box for event in events})
    said: list[Fact] = []
    for event in events:
        _trip(boxes.units[event.data.box])
        fresh, places, _ = boxes.add(event.data.box, ["chick"])
        if fresh:
            said.append(Added(box=event.data.box, serials=fresh, places=places, actor=event.actor, cause=event.cause))
    await boxes.save(tx)
    return said


@router.get("/boxes/{box}")
async def contents(tx: Reading, box: str) -> Contents:
    """How much lies in a box."""
    units = len(await tx.rows(KNOWN, {"boxes": [box]}))
    if not units:
        raise NotFound(f"there is no box {box}")
    return Contents(box=box, units=units)


@router.get("/units")
async def units(tx: Reading, *, cursor: str | None = None, limit: Limit = 100) -> Page[str]:
    """All units in pages."""
    box, place = parts(cursor, str, int) or ("", 0)
    rows = await tx.rows(
        text("SELECT box, place, serial FROM unit WHERE (box, place) > (:box, :place) ORDER BY box, place LIMIT :size"),
        {"box": box, "place": place, "size": limit + 1},
    )
    return page(rows, limit, lambda row: str(row.serial), lambda row: (row.box, row.place))


@router.get("/units.csv")
async def report(request: Request) -> StreamingResponse:
    """All units as CSV."""
    columns = (Column("box", "whose"), Column("serial", "which"), Column("place", "where in the box"))
    everything = text("SELECT box, serial, place FROM unit ORDER BY box, place")
    return await csv_response(request, "units", columns, everything, {})


def _locks(data: Add | Arrived | Ripe) -> tuple[str]:
    return (f"box:{data.box}",)


rows = (
    Takes(Add, on_add, _locks, "/boxes/{box}/units", Filled, "addUnits", "Add units to a box", status=201),
    Hears(Arrived, on_arrived, _locks),
)
app = service("toy", rows, ToyRejected, [router], [Finds(Ripe, ripe, hatch, _locks)])
app.state.versions = Path(__file__).parent / "migrations" / "versions"
