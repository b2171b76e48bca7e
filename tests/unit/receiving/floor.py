"""A warehouse of values: a desk, and messages said to it one after another."""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from services.receiving.products.domain import Coded
from services.receiving.receipts import domain
from services.receiving.receipts.domain import Desk, Outcome
from services.receiving.receipts.domain.records import Line
from shared.contracts.commands import receiving as commands
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.upstream import AsnAnnounced, LifePolicy

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
ANNA, BEN = "anna", "ben"


def desk(**products: str) -> Desk:
    """A desk in warehouse EAST: PUMP is serial-tracked, MILK by lot with five days of life at least, SALT counted."""
    ids = (f"id-{number}" for number in itertools.count(1))
    return Desk(
        NOW,
        ids,
        trackings={"PUMP": "SERIAL", "SCREW": "SERIAL", "SALT": "NONE", "MILK": "LOT", **products},  # type: ignore[dict-item]
        decimals={"PUMP": 0, "SCREW": 0, "SALT": 6, "MILK": 6},
        lives={"MILK": LifePolicy(expiry_required=True, min_life_at_receipt=5)},
        barcodes={"4006": Coded("PUMP", 1), "4007": Coded("MILK", 12)},
        locations={"EAST/DOCK": "DOCK", "EAST/A-1": "STORAGE", "WEST/DOCK": "DOCK"},
        zones={"EAST": "UTC"},
    )


def event(fact: Fact, actor: str = ANNA) -> CloudEvent[Any]:
    """A message of somebody's."""
    data = fact.model_copy(update={"actor": actor})
    return CloudEvent[Any].model_construct(id=f"m-{id(data)}", source="test", type=fact.TYPE, time=NOW, data=data)


def say(at: Desk, fact: Fact, actor: str = ANNA) -> Outcome:
    """One request, decided."""
    return domain.decide(at, [event(fact, actor)])[0]


def line(
    serials: Iterable[str] = (), quantity: int | None = None, number: str = "1", sku: str = "PUMP"
) -> dict[str, Any]:
    """A line of an announcement: as many units as serials, or more."""
    named = list(serials)
    return {"line": number, "sku": sku, "quantity": quantity or len(named), "serials": named}


def announce(at: Desk, receipt: str, *lines: dict[str, Any], kind: str = "ASN", warehouse: str = "EAST") -> Outcome:
    """Announce a receipt, or open a blind one."""
    fact = AsnAnnounced.model_validate({"receipt": receipt, "warehouse": warehouse, "kind": kind, "lines": list(lines)})
    return say(at, fact)


def scan(
    at: Desk, receipt: str, *serials: str, session: str = "S", sku: str = "PUMP", actor: str = ANNA, **more: Any
) -> Outcome:
    """Scan serials at the dock."""
    named = {"receipt": receipt, "session": session, "location": "EAST/DOCK", "serials": list(serials), "sku": sku}
    return say(at, commands.Scan.model_validate(named | more), actor)


def lot(number: str, quantity: float | str | None = 10, expiry: str | None = "2026-12-31", **more: Any) -> Any:
    """A lot as it is scanned."""
    return {"lot": number, "quantity": quantity, "expiry": expiry, **more}


def count(
    at: Desk, receipt: str, *lots: dict[str, Any], session: str = "S", sku: str | None = "MILK", actor: str = ANNA,
    **more: Any,
) -> Outcome:  # fmt: skip
    """Count lots at the dock."""
    named = {"receipt": receipt, "session": session, "location": "EAST/DOCK", "lots": list(lots), "sku": sku}
    return say(at, commands.Scan.model_validate(named | more), actor)


def confirm(at: Desk, receipt: str, session: str = "S", actor: str = ANNA) -> Outcome:
    """Confirm a session."""
    return say(at, commands.ConfirmSession(receipt=receipt, session=session), actor)


def verdicts(outcome: Outcome) -> list[str]:
    """What became of each scan."""
    assert outcome.body is not None, outcome.refusals
    return [verdict.verdict for verdict in outcome.body.verdicts or outcome.body.lots]  # type: ignore[attr-defined]


def codes(outcome: Outcome) -> list[str]:
    """Why it was refused."""
    return [str(refusal.code) for refusal in outcome.refusals]


def told(outcome: Outcome) -> list[str]:
    """The types of the facts it led to."""
    return [fact.TYPE for fact in outcome.events]


def state(at: Desk, serial: str, sku: str = "PUMP") -> str:
    """Where a unit stands."""
    return at.unit(sku, serial).state


def counts(at: Desk, receipt: str, number: str = "1") -> tuple[int, int, int, int, int]:
    """A line's announced, named, unnamed, scanned and received."""
    row: Line = at.lines[receipt, number]
    return int(row.announced), row.named, row.unnamed, int(row.scanned), int(row.received)
