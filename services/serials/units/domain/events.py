"""What is said of a book: one event for the units of an act that went the same way, cut where there are too many."""

from collections.abc import Iterator, Sequence

from services.serials.units.domain.adjustments import CHANGES
from services.serials.units.domain.book import Book
from services.serials.units.domain.scopes import Scope
from services.serials.units.domain.transitions import Change
from services.serials.units.domain.unit import Act, Step
from shared.contracts.envelope import Fact, chunks
from shared.contracts.serials import (
    HeldUnit,
    SerialAdjusted,
    SerialCorrected,
    SerialHeld,
    SerialHoldLifted,
    SerialMoved,
    SerialRejected,
)

ADJUSTMENTS = {change: adjustment for adjustment, change in CHANGES.items()}

IN_HAND = frozenset({"ALLOCATED", "PICKED"})
"""Statuses in which an order has a unit, and it has not left."""

Saying = tuple[int, Fact]
"""A fact, and the act that it tells of."""


def told(book: Book) -> Iterator[Saying]:
    """Say what the steps of a book were, act by act: a unit's versions come in order."""
    together: dict[tuple[object, ...], list[Step]] = {}
    for step in book.steps:
        unit = step.unit
        way = (step.act, step.from_status, step.from_location, step.status, step.location, unit.lot, unit.expiry)
        together.setdefault(way, []).append(step)
    for scope, act in (*book.opened_scopes, *book.lifted_scopes):
        yield act, _scoped(book.acts[act], scope)
    for steps in sorted(together.values(), key=lambda steps: steps[0].act):
        number = steps[0].act
        for run in chunks(steps):
            for fact in _say(book.acts[number], run):
                yield number, fact


def _scoped(act: Act, scope: Scope) -> Fact:
    """Say that a hold is on what arrives, too, or no longer; its units are named beside it."""
    fields = {
        "actor": act.told.actor, "cause": act.told.cause, "sku": act.sku, "hold": scope.hold, "reason": act.reason,
        "lots": sorted(scope.lots),
    }  # fmt: skip
    return SerialHeld(**fields, units=[]) if act.change is Change.HELD else SerialHoldLifted(**fields, serials=[])


def _say(act: Act, steps: Sequence[Step]) -> Iterator[Fact]:
    if act.change is Change.HELD:
        yield _held(act, steps)
    elif act.change is Change.HOLD_LIFTED:
        yield _lifted(act, steps)
    elif act.change is Change.CORRECTED:
        yield _corrected(act, steps)
    elif act.change in ADJUSTMENTS:
        yield from _adjusted(act, steps)
    else:
        yield _moved(act, steps)


def _moved(act: Act, steps: Sequence[Step]) -> SerialMoved:
    first, papers = steps[0], act.papers
    return SerialMoved(
        actor=act.told.actor,
        cause=act.told.cause,
        sku=act.sku,
        serials=[step.unit.serial for step in steps],
        versions=[step.version for step in steps],
        from_status=first.from_status,
        status=first.status,
        from_location=first.from_location,
        location=first.location,
        reason=act.reason,
        receipt=papers.receipt,
        line=papers.line,
        order=papers.order,
        demand=papers.demand,
        shipment=papers.shipment,
        customer=papers.customer,
        return_id=papers.return_id,
        lot=first.unit.lot,
        expiry=first.unit.expiry,
    )


def _held(act: Act, steps: Sequence[Step]) -> SerialHeld:
    return SerialHeld(
        actor=act.told.actor,
        cause=act.told.cause,
        sku=act.sku,
        hold=act.papers.hold or "",
        reason=act.reason,
        units=[
            HeldUnit(
                serial=step.unit.serial,
                status=step.status,
                order=step.unit.order,
                line=step.unit.order_line,
                demand=step.unit.demand,
            )
            for step in steps
        ],
    )


def _lifted(act: Act, steps: Sequence[Step]) -> SerialHoldLifted:
    return SerialHoldLifted(
        actor=act.told.actor,
        cause=act.told.cause,
        sku=act.sku,
        hold=act.papers.hold or "",
        reason=act.reason,
        serials=[step.unit.serial for step in steps],
    )


def _corrected(act: Act, steps: Sequence[Step]) -> SerialCorrected:
    return SerialCorrected(
        actor=act.told.actor,
        cause=act.told.cause,
        sku=act.sku,
        serials=[step.unit.serial for step in steps],
        expiry=steps[0].unit.expiry,
        reason=act.reason,
        orders=sorted({step.unit.order for step in steps if step.unit.order and step.status in IN_HAND}),
    )


def _adjusted(act: Act, steps: Sequence[Step]) -> Iterator[SerialAdjusted]:
    """Name the receipt line, which is open again when an entry is void."""
    lines: dict[tuple[str | None, str | None], list[Step]] = {}
    for step in steps:
        lines.setdefault((step.unit.receipt, step.unit.receipt_line), []).append(step)
    for (receipt, line), units in lines.items():
        yield SerialAdjusted(
            actor=act.told.actor,
            cause=act.told.cause,
            sku=act.sku,
            serials=[step.unit.serial for step in units],
            adjustment=ADJUSTMENTS[act.change],
            reason=act.reason,
            location=units[0].location,
            receipt=receipt,
            line=line,
        )


def disagreements(book: Book) -> list[SerialRejected]:
    """Say which facts did not fit, with the fact and the state as they are."""
    return [
        SerialRejected(
            actor=misfit.event.actor,
            cause=misfit.event.cause,
            kind="DISAGREEMENT",
            document=misfit.event.data.key(),
            refused_type=misfit.event.type,
            code=misfit.code,
            detail=misfit.detail,
            sku=misfit.units[0].sku,
            ids=[unit.serial for unit in misfit.units],
        )
        for misfit in book.misfits
    ]
