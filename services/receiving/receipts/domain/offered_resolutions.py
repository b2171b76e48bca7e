"""The resolutions of a discrepancy that would be accepted now, for example in the form of a supervisor."""

from typing import NamedTuple

from services.receiving.receipts.domain.discrepancies import allowed_resolutions
from services.receiving.receipts.domain.records import ReceiptStatus, UnitStatus
from shared.contracts.receiving import DiscrepancyKind, Resolution, SupervisorResolution


class DiscrepancyState(NamedTuple):
    """A discrepancy, the status of the unit with its serial number, and what its receipt expects."""

    kind: DiscrepancyKind
    scan_id: str | None
    resolution: Resolution | None
    receipt_status: ReceiptStatus
    unit_status: UnitStatus | None
    expects_units: bool
    """Whether the receipt expects listed units to which the scan can be matched."""


def offered_resolutions(state: DiscrepancyState) -> frozenset[SupervisorResolution]:
    """Return the resolutions of the kind without those that the unit or the receipt rules out."""
    allowed = allowed_resolutions(state.kind, state.scan_id, state.resolution, state.receipt_status)
    if state.resolution is not None or state.scan_id is not None:
        return allowed
    refused: set[SupervisorResolution] = set()
    # A serial number of a misspelt lot is received as scanned by both.
    is_matched_to_lot = state.kind == "LOT_CASE_MISMATCH"
    if state.unit_status not in {None, "INACTIVE", "EXPECTED"}:
        refused |= {"ACCEPT", "MATCH"} if is_matched_to_lot else {"ACCEPT"}
    if state.receipt_status != "CLOSED" and not state.expects_units and not is_matched_to_lot:
        refused.add("MATCH")
    if state.kind == "DUPLICATE_SERIAL" and state.unit_status == "ON_HAND":
        refused.add("RETURN_TO_VENDOR")
    return allowed - refused
