"""Goods rejected on arrival: discrepancies of their own kind, decided by the rejection."""

from collections.abc import Iterable

import pytest

from services.receiving.receipts.domain.records import Discrepancy
from shared.contracts.commands import receiving as commands
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.receiving import DiscrepancyFound, DiscrepancyResolved, ReceiptClosed
from shared.contracts.upstream import AsnCancelled
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import SHORT_SHELF_LIFE, InMemoryReceiving
from tests.unit.receiving import steps
from tests.unit.receiving.steps import (
    ANNA,
    BEN,
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    event_types,
    scan_lots,
    scan_serials,
    scan_statuses,
    scanned_lot,
)

EXPIRED, TOO_SHORT = "2026-02-28", "2026-03-05"
REJECTED_LOTS = {"EXPIRED": EXPIRED, "INSUFFICIENT_SHELF_LIFE": TOO_SHORT, "EXPIRY_REQUIRED": None}
CODES = {"INSUFFICIENT_SHELF_LIFE": "insufficient_shelf_life_at_receipt"}
"""Error codes that differ from the kind of the discrepancy."""


@pytest.fixture
def service() -> InMemoryReceiving:
    """R1 expects 100 of milk on two lines, 60 and 40, and 2.5 of salt; VALVE needs an expiry. It is 1 March 2026."""
    service = steps.service_with_announced_lots()
    service.define_product("VALVE", "SERIAL", SHORT_SHELF_LIFE)
    return service


def rejections(service: InMemoryReceiving) -> list[Discrepancy]:
    """The discrepancies of rejected goods, withdrawn ones included."""
    return [found for found in service.uow.discrepancies if found.kind in REJECTED_LOTS]


def close_receipt(service: InMemoryReceiving, receipt: str = "R1") -> CommandResult:
    """Close a receipt."""
    return service.handle_command(commands.CloseReceipt(receipt=receipt))


def shortages(result: CommandResult) -> list[tuple[str | None, float, list[str]]]:
    """Line, quantity and serials of each shortage."""
    return [
        (event.line, float(event.quantity), event.serials)
        for event in result.events
        if isinstance(event, DiscrepancyFound) and event.kind == "SHORT"
    ]


def summaries(result: CommandResult) -> list[tuple[float, float, float, float]]:
    """Announced, received, short and rejected quantity of each line."""
    (closed,) = (event for event in result.events if isinstance(event, ReceiptClosed))
    return [(line.announced, line.received, line.short, line.rejected_quantity) for line in closed.lines]


@pytest.mark.parametrize("kind", list(REJECTED_LOTS))
def test_rejected_lot_is_a_decided_discrepancy(service: InMemoryReceiving, kind: str) -> None:
    """A lot rejected by its date is recorded with quantity, date and user; nothing is received (S16, S24)."""
    result = scan_lots(service, "R1", scanned_lot("X1", 5, REJECTED_LOTS[kind]), actor=BEN)
    assert error_codes(result) == [CODES.get(kind, kind.lower())]
    (found,) = rejections(service)
    assert (found.kind, found.lot, int(found.quantity), found.expiry and str(found.expiry), found.line) == (
        kind, "X1", 5, REJECTED_LOTS[kind], "1",
    )  # fmt: skip
    assert (found.found_by, found.resolution, found.resolved_by) == (BEN, "REJECT", BEN)
    (event,) = result.events
    assert isinstance(event, DiscrepancyFound)
    assert (event.kind, event.lot, int(event.quantity), event.expiry, event.resolution, event.actor) == (
        kind, "X1", 5, found.expiry, "REJECT", BEN,
    )  # fmt: skip
    assert not service.uow.sessions
    assert not service.uow.lot_scans
    assert service.uow.receipts["R1"].status == "PLANNED"


@pytest.mark.parametrize("kind", list(REJECTED_LOTS))
def test_rejected_units_are_decided_discrepancies(service: InMemoryReceiving, kind: str) -> None:
    """Units rejected by the date on their labels are recorded by serial number, on the line that lists them (S16)."""
    lines = (asn_line(quantity=1, sku="VALVE"), asn_line(["V1"], number="2", sku="VALVE"))
    announce_receipt(service, "R2", *lines)
    result = scan_serials(
        service, "R2", "V1", "V2", "V1", " no serial", sku="VALVE", lot="L", expiry=REJECTED_LOTS[kind]
    )
    assert error_codes(result) == [CODES.get(kind, kind.lower()), "invalid_serial"]
    assert [(found.kind, found.serial, found.lot, found.line) for found in rejections(service)] == [
        (kind, "V1", "L", "2"), (kind, "V2", "L", "1"),
    ]  # fmt: skip
    assert event_types(result) == ["discrepancy.found.v1"] * 2
    assert [steps.unit_status(service, serial, "VALVE") for serial in ("V1", "V2")] == ["EXPECTED", "INACTIVE"]
    assert summaries(close_receipt(service, "R2")) == [(1, 0, 0, 1), (1, 0, 0, 1)]


def test_expired_units_are_rejected_without_a_policy(service: InMemoryReceiving) -> None:
    """Units whose labels say that they have expired are rejected, whatever the product's policy."""
    announce_receipt(service, "R2", asn_line(quantity=1))
    assert error_codes(scan_serials(service, "R2", "P1", expiry=EXPIRED)) == ["expired"]
    assert [(found.kind, found.serial) for found in rejections(service)] == [("EXPIRED", "P1")]


@pytest.mark.parametrize(
    "entry",
    [
        scanned_lot("", 5, EXPIRED), scanned_lot(" X", 5, EXPIRED), scanned_lot("X", None, EXPIRED),
        scanned_lot("x" * 65, 5, EXPIRED),
    ],
)  # fmt: skip
def test_rejected_scans_are_no_discrepancies(service: InMemoryReceiving, entry: dict[str, object]) -> None:
    """A scan without lot, with an invalid lot or without a quantity says nothing about goods."""
    result = scan_lots(service, "R1", entry)
    assert (result.body, rejections(service), list(result.events)) == (None, [], [])


def test_repeated_and_foreign_scans_are_no_discrepancies(service: InMemoryReceiving) -> None:
    """A lot repeated in a scan, a session of another user and a wrong location record no rejected goods."""
    scan_lots(service, "R1", scanned_lot("A"), scanned_lot("A", 3, EXPIRED))
    scan_lots(service, "R1", scanned_lot("X", 5, EXPIRED), actor=BEN)
    scan_lots(service, "R1", scanned_lot("X", 5, EXPIRED), session="T", location="EAST/A-1")
    scan_serials(service, "R1", "V1", sku="VALVE", location="EAST/A-1")
    assert rejections(service) == []


def test_unit_on_the_receipt_is_not_rejected_too(service: InMemoryReceiving) -> None:
    """A unit that is scanned on the receipt and scanned again with an expired label is no rejected unit."""
    announce_receipt(service, "R2", asn_line(["P1"]))
    scan_serials(service, "R2", "P1", "extra")
    repeated = scan_serials(service, "R2", "P1", "extra", expiry=EXPIRED)
    assert error_codes(repeated) == ["duplicate_serial_in_request"]
    assert rejections(service) == []


def test_held_goods_are_not_rejected(service: InMemoryReceiving) -> None:
    """With policy HOLD, goods with a short shelf life are received on hold, not rejected."""
    service.define_product("MILK", "LOT", ShelfLifePolicy(short_shelf_life_policy="HOLD"))
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("A", 5, EXPIRED))) == ["ACCEPTED"]
    assert rejections(service) == []


def test_latest_rejection_of_a_session_counts(service: InMemoryReceiving) -> None:
    """A lot scanned again is recorded once: a repeated scan changes nothing, another one replaces it."""
    scan_lots(service, "R1", scanned_lot("X", 5, None))
    assert event_types(scan_lots(service, "R1", scanned_lot("X", 5, None))) == []
    (first,) = rejections(service)
    result = scan_lots(service, "R1", scanned_lot("X", 7, EXPIRED))
    (found,) = rejections(service)
    assert (found.discrepancy, found.kind, int(found.quantity), str(found.expiry)) == (
        first.discrepancy, "EXPIRED", 7, EXPIRED,
    )  # fmt: skip
    assert [(event.discrepancy, int(event.quantity)) for event in _found(result)] == [(first.discrepancy, 7)]
    scan_lots(service, "R1", scanned_lot("X", 2, EXPIRED), session="T", actor=BEN)
    assert [found.quantity for found in rejections(service)] == [7, 2]


def test_unit_is_rejected_once_on_a_receipt(service: InMemoryReceiving) -> None:
    """A unit rejected in two sessions is one rejected unit."""
    announce_receipt(service, "R2", asn_line(quantity=2))
    scan_serials(service, "R2", "P1", expiry=EXPIRED)
    scan_serials(service, "R2", "P1", expiry=EXPIRED, session="T", actor=BEN)
    assert len(rejections(service)) == 1
    assert summaries(close_receipt(service, "R2")) == [(2, 0, 1, 1)]


@pytest.mark.parametrize(("session", "actor"), [("S", ANNA), ("T", BEN)])
def test_accepted_goods_are_no_longer_rejected(service: InMemoryReceiving, session: str, actor: str) -> None:
    """A date that was missing or mistyped and is corrected later withdraws the rejection, in any session."""
    scan_lots(service, "R1", scanned_lot("X", 5, None))
    result = scan_lots(service, "R1", scanned_lot("X", 5), session=session, actor=actor)
    assert scan_statuses(result) == ["ACCEPTED"]
    (event,) = result.events
    assert isinstance(event, DiscrepancyResolved)
    assert (event.kind, event.resolution, event.lot) == ("EXPIRY_REQUIRED", "VOID", "X")
    assert [(found.resolution, found.resolved_by) for found in rejections(service)] == [("VOID", actor)]
    confirm_session(service, "R1", session, actor)
    assert summaries(close_receipt(service)) == [(60, 5, 55, 0), (40, 0, 40, 0), (2.5, 0, 2.5, 0)]


def test_accepted_units_are_no_longer_rejected(service: InMemoryReceiving) -> None:
    """A unit scanned again with a valid date is received, and its rejection is withdrawn."""
    announce_receipt(service, "R2", asn_line(["P1"]))
    scan_serials(service, "R2", "P1", "extra", expiry=EXPIRED)
    result = scan_serials(service, "R2", "P1", "extra")
    assert scan_statuses(result) == ["ACCEPTED", "OVER"]
    assert [found.resolution for found in rejections(service)] == ["VOID", "VOID"]
    assert event_types(result) == ["discrepancy.resolved.v1"] * 2


def test_undo_and_discard_withdraw_rejections(service: InMemoryReceiving) -> None:
    """Undoing a lot or discarding its session withdraws the session's rejections, not those of others."""
    scan_lots(service, "R1", scanned_lot("X", 5, EXPIRED), session="T", actor=BEN)
    scan_lots(service, "R1", scanned_lot("A"), scanned_lot("X", 5, EXPIRED), scanned_lot("Y", 6, EXPIRED))
    undo = commands.UndoScan(receipt="R1", session="S", sku="MILK", lots=["X"])
    assert error_codes(service.handle_command(undo)) == []
    assert error_codes(service.handle_command(undo)) == ["lot_not_scanned"]
    assert _kept_quantities(service) == [("T", 5), ("S", 6)]
    assert error_codes(service.handle_command(commands.DiscardSession(receipt="R1", session="S"))) == []
    assert _kept_quantities(service) == [("T", 5)]


def test_undo_withdraws_a_rejected_unit(service: InMemoryReceiving) -> None:
    """Undoing a rejected unit of a session withdraws its rejection."""
    announce_receipt(service, "R2", asn_line(quantity=2))
    scan_serials(service, "R2", "P2")
    scan_serials(service, "R2", "P1", expiry=EXPIRED)
    undo = commands.UndoScan(receipt="R2", session="S", sku="PUMP", serials=["P1", "P2"])
    assert error_codes(service.handle_command(undo)) == []
    assert [found.resolution for found in rejections(service)] == ["VOID"]


def test_supervisor_voids_a_rejection_until_the_receipt_is_closed(service: InMemoryReceiving) -> None:
    """A rejection recorded by mistake is voided before the closing, and then the quantity is short (S16)."""
    scan_lots(service, "R1", scanned_lot("X", 5, EXPIRED), scanned_lot("Y", 6, EXPIRED))
    first, second = rejections(service)
    fields = {"receipt": "R1", "resolution": "VOID", "reason": "wrong pallet"}
    void = commands.ResolveDiscrepancy.model_validate(fields | {"discrepancy": first.discrepancy})
    assert event_types(service.handle_command(void, "sue")) == ["discrepancy.resolved.v1"]
    assert shortages(close_receipt(service)) == [("1", 54, []), ("2", 40, []), ("3", 2.5, [])]
    late = commands.ResolveDiscrepancy.model_validate(fields | {"discrepancy": second.discrepancy})
    assert error_codes(service.handle_command(late, "sue")) == ["discrepancy_resolved"]


def test_rejected_goods_are_not_short(service: InMemoryReceiving) -> None:
    """What arrived and was rejected did arrive: only the rest is short, on the lines that miss it (S16)."""
    scan_lots(service, "R1", scanned_lot("X", 70, EXPIRED), scanned_lot("A", 10))
    confirm_session(service, "R1")
    result = close_receipt(service)
    assert shortages(result) == [("2", 20, []), ("3", 2.5, [])]
    assert summaries(result) == [(60, 10, 0, 50), (40, 0, 20, 20), (2.5, 0, 2.5, 0)]


def test_rejected_units_are_not_missing(service: InMemoryReceiving) -> None:
    """A rejected listed unit is not among the missing ones; an unlisted one does not replace a listed one."""
    announce_receipt(service, "R2", asn_line(["a", "b", "c"], 4), asn_line(quantity=2, number="2"))
    scan_serials(service, "R2", "b", "x", "y", "z", "over", expiry=EXPIRED)
    result = close_receipt(service, "R2")
    assert shortages(result) == [("1", 2, ["a", "c"])]
    assert summaries(result) == [(4, 0, 2, 2), (2, 0, 0, 2)]


def test_rejections_beyond_the_announced_quantity(service: InMemoryReceiving) -> None:
    """Goods rejected beyond the announced quantity, or without a line, are discrepancies and no shortage."""
    service.define_product("CREAM", "LOT", SHORT_SHELF_LIFE)
    announce_receipt(service, "R2", asn_line(sku="MILK", quantity=5))
    scan_lots(service, "R2", scanned_lot("X", 8, EXPIRED))
    scan_lots(service, "R2", scanned_lot("X", 3, EXPIRED), sku="CREAM")
    assert [(found.sku, found.line, int(found.quantity)) for found in rejections(service)] == [
        ("MILK", "1", 8), ("CREAM", None, 3),
    ]  # fmt: skip
    assert summaries(close_receipt(service, "R2")) == [(5, 0, 0, 5)]


def test_rejections_do_not_block_closing_or_cancelling(service: InMemoryReceiving) -> None:
    """Rejected goods are decided: they block neither the closing nor the cancellation of their receipt."""
    announce_receipt(service, "B1", kind="BLIND")
    scan_lots(service, "B1", scanned_lot("X", 5, EXPIRED))
    assert summaries(close_receipt(service, "B1")) == []
    scan_lots(service, "R1", scanned_lot("X", 5, EXPIRED))
    assert error_codes(service.handle_command(AsnCancelled(receipt="R1"))) == []


def _found(result: CommandResult) -> Iterable[DiscrepancyFound]:
    return [event for event in result.events if isinstance(event, DiscrepancyFound)]


def _kept_quantities(service: InMemoryReceiving) -> list[tuple[str | None, int]]:
    return [(found.session, int(found.quantity)) for found in rejections(service) if found.resolution == "REJECT"]
