"""Raw scans in the commands of serials: what they fill, and what a scanned label contradicts."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import (
    AdjustSerials,
    CorrectSerialExpiry,
    CorrectSerialLot,
    CountSerials,
    MoveSerials,
    PlaceSerialHold,
    PutAwaySerials,
    ResolveCountDiscrepancies,
)
from shared.contracts.envelope import Message
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.raw_scans import RawScans, ReadScan
from shared.inventory.scan_fills import ScanUse, fill_from_labels, fill_serials, fill_units
from shared.inventory.scan_problems import label_mismatch, scan_problem

_fill_lot = fill_from_labels("lot")


def fill_hold(command: PlaceSerialHold, reads: Sequence[ReadScan]) -> Mapping[str, Any]:
    """Fill the units on the labels or, if no label names a unit, their lot."""
    units = [read for read in reads if read.serial]
    return fill_serials(command, units) if units else _fill_lot(command, reads)


UNITS = ScanUse(fill_serials, expected=frozenset({"SERIAL"}))
USES: Mapping[type[Message], ScanUse] = {
    PutAwaySerials: UNITS,
    MoveSerials: UNITS,
    AdjustSerials: UNITS,
    ResolveCountDiscrepancies: UNITS,
    CountSerials: ScanUse(fill_units, expected=frozenset({"SERIAL"}), is_of_one_product=False),
    PlaceSerialHold: ScanUse(fill_hold, expected=frozenset({"SERIAL"}), takes_lots_of_units=True),
    CorrectSerialExpiry: ScanUse(fill_from_labels("expiry", serials=True), expected=frozenset({"SERIAL"})),
    CorrectSerialLot: ScanUse(fill_from_labels("lot", serials=True), expected=frozenset({"SERIAL"})),
}


def judge_unit(uow: SerialsUnitOfWork, _: RawScans, read: ReadScan) -> ProblemDetail | None:
    """Return what the label of a unit contradicts: its lot or expiry in the registry."""
    unit = uow.get_unit(read.sku or "", read.serial or "")
    return label_mismatch(read, lot=unit.lot, expiry=unit.expiry)


def judge_hold(uow: SerialsUnitOfWork, command: PlaceSerialHold, read: ReadScan) -> ProblemDetail | None:
    """Return what a label to hold contradicts: the lot of its unit, or the lot of other labels, but no date."""
    if read.serial is None and command.serials:
        return scan_problem(Code.SERIALS_REQUIRED, read, "it names a lot, other scans name units; send it by itself")
    if read.serial is None:
        return label_mismatch(read, lot=command.lot, expiry=None)
    return label_mismatch(read, lot=uow.get_unit(read.sku or "", read.serial or "").lot, expiry=None)


def judge_expiry(uow: SerialsUnitOfWork, command: CorrectSerialExpiry, read: ReadScan) -> ProblemDetail | None:
    """Return what a label contradicts whose unit gets another expiry: its lot, or the expiry of the command."""
    if "expiry" not in command.typed_fields and read.expiry is None:
        return scan_problem(Code.EXPIRY_REQUIRED, read, "its label says no expiry; enter it in the field expiry")
    lot = uow.get_unit(command.sku, read.serial or "").lot
    return label_mismatch(read, lot=lot, expiry=command.expiry)


def judge_lot(_: SerialsUnitOfWork, command: CorrectSerialLot, read: ReadScan) -> ProblemDetail | None:
    """Return what a label contradicts whose unit gets another lot: the lot of the command and other labels."""
    if not command.lot:
        return scan_problem(Code.LOT_REQUIRED, read, "its label says no lot number; enter it in the field lot")
    return label_mismatch(read, lot=command.lot, expiry=None)
