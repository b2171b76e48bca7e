"""Results of commands on units: the accepted units, the violations of the others, and the response body."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from services.serials.units.domain.unit import Unit, describe_units
from shared.contracts.leaving_goods import LeavingGoods
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.contracts.results import PartialResult
from shared.contracts.serials import SerialAdjustment, SerialStatus
from shared.identifiers import resource_path
from shared.scans import misread_as
from shared.unit_of_work import CommandResult

UnitRule = Callable[[Unit], Code | None]
ABSENCE_CODES: Mapping[SerialStatus | None, Code] = {
    None: Code.SERIAL_NOT_FOUND, "EXPECTED": Code.ILLEGAL_TRANSITION,
}  # fmt: skip
"""Codes of units that were not received; the event of their receipt may be in flight."""


def partition_by_rule(units: Iterable[Unit], rule: UnitRule) -> tuple[list[Unit], list[ProblemDetail]]:
    """Split units into those that a rule accepts and violations; rejected units of equal state share one.

    Units that were not received are rejected before the rule sees them: the rule may rely on a status on hand or later.
    """
    accepted: list[Unit] = []
    rejected_units: dict[tuple[Code, str], list[Unit]] = {}
    for unit in units:
        code = ABSENCE_CODES[unit.status] if unit.status in ABSENCE_CODES else rule(unit)
        if code is None:
            accepted.append(unit)
        else:
            rejected_units.setdefault((code, _describe(unit)), []).append(unit)
    return accepted, [_violation_for(code, description, units) for (code, description), units in rejected_units.items()]


def _describe(unit: Unit) -> str:
    """Describe a unit; of an unknown serial number say what else it looks like."""
    misread = misread_as(unit.serial) if unit.status is None else None
    return f"{unit.description}; it looks like {misread}" if misread else unit.description


def _violation_for(code: Code, description: str, units: Sequence[Unit]) -> ProblemDetail:
    orders = sorted({unit.order_id for unit in units if unit.order_id})
    problem_class = ProvisionalProblem if units[0].status in ABSENCE_CODES else ProblemDetail
    return problem_class(
        code=code,
        detail=f"{describe_units(units)}: {description}",
        ids=[unit.serial for unit in units],
        blocked_by=[resource_path("orders", order) for order in orders],
    )


def registered_violations(units: Iterable[Unit]) -> list[ProblemDetail]:
    """Return the violations of a registration of units that exist already; units of equal state share one."""
    units_by_description: dict[str, list[Unit]] = {}
    for unit in units:
        units_by_description.setdefault(unit.description, []).append(unit)
    return [
        ProblemDetail(
            code=Code.DUPLICATE_SERIAL,
            detail=f"{describe_units(group)}: {description}",
            ids=[unit.serial for unit in group],
            blocked_by=[resource_path("serials", unit.sku, unit.serial) for unit in group[:5]],
        )
        for description, group in units_by_description.items()
    ]


def duplicate_serials_violation(serials: Sequence[str]) -> ProblemDetail | None:
    """Return the violation of a command that contains a serial twice: one label was not scanned (S14)."""
    duplicates = [serial for serial, count in Counter(serials).items() if count > 1]
    if not duplicates:
        return None
    return ProblemDetail(
        code=Code.DUPLICATE_SERIAL_IN_REQUEST,
        detail=f"Duplicate serials: {', '.join(duplicates[:5])}",
        ids=duplicates,
    )


class UnitSnapshot(KnownFieldsModel):
    """State of a unit after the command; an adjusted unit has no location."""

    serial: str
    status: SerialStatus
    location: str | None
    version: int
    on_hold: bool
    adjustment: SerialAdjustment | None


class UnitsResult(PartialResult):
    """Updated units of a command, and the rejected ones with the reasons."""

    sku: str
    updated: list[UnitSnapshot]


class HoldResult(UnitsResult):
    """Units on hold; `leaving` lists those that may leave all the same, as their dispatch is approved already.

    A lot in `unmatched_lots` has no units: the hold waits for units of it.
    """

    leaving: list[LeavingGoods] = []
    unmatched_lots: list[str] = []


def hold_result(
    sku: str, accepted: Sequence[Unit], violations: Sequence[ProblemDetail], leaving: Iterable[LeavingGoods],
    unmatched_lots: Sequence[str] = (),
) -> CommandResult:  # fmt: skip
    """Build the result of a placed hold."""
    if violations and not accepted:
        return CommandResult.rejected(*violations)
    approved = list(leaving)
    return CommandResult(
        violations=violations,
        build_body=lambda: HoldResult(
            **dict(_result_body(sku, accepted)), leaving=approved, unmatched_lots=list(unmatched_lots)
        ),
    )


def units_result(sku: str, accepted: Sequence[Unit], violations: Sequence[ProblemDetail] = ()) -> CommandResult:
    """Build the result of a command; the body shows the accepted units after allocation."""
    if violations and not accepted:
        return CommandResult.rejected(*violations)
    return CommandResult(violations=violations, build_body=lambda: _result_body(sku, accepted))


def _result_body(sku: str, units: Sequence[Unit]) -> UnitsResult:
    return UnitsResult(
        sku=sku,
        updated=[
            UnitSnapshot(
                serial=unit.serial,
                status=unit.status or "EXPECTED",
                location=None if unit.adjustment else unit.location,
                version=unit.version,
                on_hold=unit.open_hold_count > 0,
                adjustment=unit.adjustment,
            )
            for unit in units
        ],
    )
