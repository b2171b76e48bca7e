"""Loads the records for a batch of commands after the locks are acquired, one statement per table.

Lock keys are derived from the messages alone, but some commands change other receipts as well: a take-over changes a
line of a receipt that no message names. Therefore receipts are loaded before their lines, and their versions are
checked when they are saved.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from services.receiving.locations import store as locations
from services.receiving.products import store as products
from services.receiving.receipts.domain.load_plan import LoadPlan, entered_serials, required_keys
from services.receiving.receipts.domain.look_alikes import look_alike_key
from services.receiving.receipts.domain.misreads import barcodes_to_look_up
from services.receiving.receipts.domain.records import RowKey, Unit
from services.receiving.receipts.store import select_statements as sql
from services.receiving.receipts.store.tables import (
    ANNOUNCED_CARTONS,
    ANNOUNCED_LINES,
    DISCREPANCIES,
    KNOWN_LOTS,
    LINES,
    LOT_SCANS,
    RECEIPTS,
    SESSIONS,
    UNITS,
    UNMATCHED_SCANS,
)
from services.receiving.suppliers import store as suppliers
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ScanItems
from shared.contracts.envelope import CloudEvent
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAdjusted, SerialLotCorrected
from shared.contracts.topics import ERP_ASNS
from shared.contracts.upstream import AsnAnnounced, AsnChanged
from shared.identifiers import fold_lot
from shared.messaging import waiting
from shared.persistence import locks
from shared.persistence.arrays import to_arrays
from shared.persistence.database import Transaction


def as_arrays(keys: Iterable[tuple[Any, ...]], *names: str) -> dict[str, list[Any]]:
    """Convert keys to one sorted array per column, the parameters of `unnest`."""
    return to_arrays(sorted(keys), *names)


async def load_receipts(tx: Transaction, uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[Any]]) -> None:
    """Load receipts with the records that commands on them need."""
    codes = {event.data.barcode for event in events if isinstance(event.data, ScanItems) and event.data.barcode}
    codes |= barcodes_to_look_up(serial for event in events for serial in entered_serials(event.data))
    if codes:
        uow.barcodes.load(await products.find_barcodes(tx, codes))
    waiting_events = await _load_waiting_messages(tx, uow, events)
    plan = required_keys([*events, *waiting_events], uow.barcodes)
    await _load_announced_lines(tx, uow, plan)
    plan.add_announced(uow.announced_lines)
    await _load_cartons(tx, uow, plan, events)
    await _load_discrepancies(tx, uow, plan)
    plan.add_for_discrepancies(uow.discrepancies, events)
    await _load_units(tx, uow, plan)
    await _load_lot_scans(tx, uow, plan)
    plan.add_lines(uow.units, list(uow.lot_scans))
    await load_known_lots(tx, uow, plan.known_lots)
    await _load_documents(tx, uow, plan)
    await _load_look_alikes(tx, uow, plan)
    await _load_rejections(tx, uow, plan)
    await _load_reference_data(tx, uow, plan)
    if plan.scanned_ssccs:
        await suppliers.load_suppliers(tx, uow, {receipt.supplier for receipt in uow.receipts})


async def _load_waiting_messages(
    tx: Transaction, uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[Any]]
) -> list[CloudEvent[Any]]:
    """Load what arrived before announcements, and lock the products that it lists."""
    receipts = {event.data.receipt for event in events if isinstance(event.data, AsnAnnounced)}
    await waiting.load(tx, uow.waiting, ERP_ASNS, receipts)
    waiting_events = [event for receipt in receipts for event in uow.waiting.events_of(receipt)]
    changes = [event.data for event in waiting_events if isinstance(event.data, AsnChanged)]
    await locks.acquire(tx, {f"sku:{line.sku}" for change in changes for line in change.lines})
    return waiting_events


async def load_adjusted_units(
    tx: Transaction, uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[SerialAdjusted]]
) -> None:
    """Load units with the lines and receipts on which they were received."""
    plan = LoadPlan(units={(event.data.sku, serial) for event in events for serial in event.data.serials})
    await _load_units(tx, uow, plan)
    plan.lines.update((unit.receipt, unit.line) for unit in uow.units if unit.receipt and unit.line)
    await _load_documents(tx, uow, plan)


async def load_corrected_units(
    tx: Transaction, uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[SerialLotCorrected]]
) -> None:
    """Load units with a corrected lot number, and the known spellings of the right one."""
    uow.units.load(
        await find_units(tx, {(event.data.sku, serial) for event in events for serial in event.data.serials})
    )
    await load_known_lots(tx, uow, {(event.data.sku, event.data.lot) for event in events})


async def find_units(tx: Transaction, keys: Iterable[RowKey]) -> list[Unit]:
    """Find units, including those whose serials differ only in case."""
    folded_keys = {(sku, serial.lower()) for sku, serial in keys}
    return UNITS.load(await tx.fetch_all(sql.SELECT_UNITS, as_arrays(folded_keys, "skus", "serials")))


async def load_waiting_lines(
    tx: Transaction, uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[ProductChanged]]
) -> None:
    """Load the lines that await these products, with their receipts and listed units."""
    parameters = {"skus": sorted({event.data.sku for event in events})}
    if receipts := sorted(row.receipt for row in await tx.fetch_all(sql.SELECT_WAITING_RECEIPTS, parameters)):
        uow.receipts.load(RECEIPTS.load(await tx.fetch_all(sql.SELECT_RECEIPTS, {"receipts": receipts})))
        lines = LINES.load(await tx.fetch_all(sql.SELECT_WAITING_LINES, parameters | {"receipts": receipts}))
        uow.lines.load(lines)
        keys = as_arrays({line.key for line in lines}, "receipts", "lines")
        uow.units.load(UNITS.load(await tx.fetch_all(sql.SELECT_LISTED, keys)))


async def _load_discrepancies(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    if plan.discrepancies or plan.serial_scans or plan.closing_receipts:
        parameters = as_arrays(plan.serial_scans, "receipts", "skus", "serials")
        parameters |= {"ids": sorted(plan.discrepancies), "closing": sorted(plan.closing_receipts)}
        uow.discrepancies.load(DISCREPANCIES.load(await tx.fetch_all(sql.SELECT_DISCREPANCIES, parameters)))


async def _load_announced_lines(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    if plan.parts or plan.changed_lines:
        parameters = as_arrays(plan.parts, "receipts", "parts", "last_parts")
        parameters |= as_arrays(plan.changed_lines, "other_receipts", "lines")
        uow.announced_lines.load(ANNOUNCED_LINES.load(await tx.fetch_all(sql.SELECT_ANNOUNCED_LINES, parameters)))


async def _load_cartons(
    tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan, events: Sequence[CloudEvent[Any]]
) -> None:
    """Load cartons by SSCC and those of replaced parts; lock the products in scanned ones."""
    is_restated = bool(plan.parts or plan.changed_lines) and len(uow.announced_lines) > 0
    if not (plan.announced_ssccs or plan.scanned_ssccs or is_restated):
        return
    all_parts = {(receipt, 0, 0) for receipt, _ in plan.changed_lines}
    parameters = as_arrays(plan.parts | all_parts, "receipts", "parts", "last_parts")
    parameters |= {"ssccs": sorted(plan.announced_ssccs | plan.scanned_ssccs)}
    uow.announced_cartons.load(ANNOUNCED_CARTONS.load(await tx.fetch_all(sql.SELECT_CARTONS, parameters)))
    plan.receipts.update(row.receipt for row in uow.announced_cartons)
    if plan.scanned_ssccs:
        skus = plan.add_scanned_cartons(uow, events)
        await locks.acquire(tx, {f"sku:{sku}" for sku in skus})


async def _load_units(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    if plan.units:
        uow.units.load(await find_units(tx, plan.units))
    if plan.serial_scans:
        rows = await tx.fetch_all(sql.SELECT_OTHER_PRODUCT, as_arrays(plan.serial_scans, "receipts", "skus", "serials"))
        uow.units.load(UNITS.load(rows))
    if plan.closing_sessions:
        rows = await tx.fetch_all(sql.SELECT_SCANNED, as_arrays(plan.closing_sessions, "receipts", "sessions"))
        uow.units.load(UNITS.load(rows))
    if plan.closing_receipts:
        rows = await tx.fetch_all(sql.SELECT_EXPECTED, {"receipts": sorted(plan.closing_receipts)})
        uow.units.load(UNITS.load(rows))


async def _load_lot_scans(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    if plan.lots or plan.closing_sessions or plan.lot_scans:
        parameters = as_arrays(plan.lots, "receipts", "skus", "lots")
        parameters |= as_arrays(plan.closing_sessions, "other_receipts", "sessions") | {
            "scan_ids": sorted(plan.lot_scans)
        }
        uow.lot_scans.load(LOT_SCANS.load(await tx.fetch_all(sql.SELECT_LOT_SCANS, parameters)))


async def load_known_lots(tx: Transaction, uow: ReceivingUnitOfWork, lots: Iterable[RowKey]) -> None:
    """Load the known spellings of lots by SKU and lot number."""
    if keys := {(sku, fold_lot(lot)) for sku, lot in lots}:
        rows = await tx.fetch_all(sql.SELECT_KNOWN_LOTS, as_arrays(keys, "skus", "lot_keys"))
        uow.known_lots.load(KNOWN_LOTS.load(rows))


async def _load_documents(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    receipts = {"receipts": sorted(plan.receipts | {receipt for receipt, _ in plan.lines})}
    uow.receipts.load(RECEIPTS.load(await tx.fetch_all(sql.SELECT_RECEIPTS, receipts)))
    parameters = {"closing": sorted(plan.closing_receipts)} | as_arrays(plan.lines, "receipts", "lines")
    parameters |= as_arrays(plan.lines_by_sku, "other_receipts", "skus")
    uow.lines.load(LINES.load(await tx.fetch_all(sql.SELECT_LINES, parameters)))
    if plan.sessions or plan.closing_receipts:
        parameters = {"closing": sorted(plan.closing_receipts)} | as_arrays(plan.sessions, "receipts", "sessions")
        uow.sessions.load(SESSIONS.load(await tx.fetch_all(sql.SELECT_SESSIONS, parameters)))
    if plan.serial_scans or plan.closing_sessions:
        parameters = as_arrays(plan.serial_scans, "receipts", "skus", "serials")
        parameters |= as_arrays(plan.closing_sessions, "other_receipts", "sessions")
        uow.unmatched_scans.load(UNMATCHED_SCANS.load(await tx.fetch_all(sql.SELECT_UNMATCHED_SCANS, parameters)))


async def _load_look_alikes(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    """Load the expected units that new serial numbers resemble, on receipts that list serial numbers."""
    listed = {(line.receipt, line.sku) for line in uow.lines if line.listed_serials}
    keys = {
        (receipt, sku, look_alike_key(serial))
        for receipt, sku, serial in plan.serial_scans
        if (receipt, sku) in listed and uow.get_unit(sku, serial).status == "INACTIVE"
    }
    if keys:
        rows = await tx.fetch_all(sql.SELECT_LOOK_ALIKES, as_arrays(keys, "receipts", "skus", "looks"))
        uow.units.load(UNITS.load(rows))


async def _load_rejections(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    """Load the goods rejected on arrival, of the few receipts that have any."""
    if receipts := sorted(row.receipt for row in uow.receipts if row.has_rejections and row.receipt in plan.receipts):
        rows = await tx.fetch_all(sql.SELECT_REJECTIONS, {"receipts": receipts})
        uow.discrepancies.load(DISCREPANCIES.load(rows))


async def _load_reference_data(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    if skus := plan.skus | {line.sku for line in uow.lines} | {unit.sku for unit in uow.units}:
        await products.load_products(tx, uow, skus)
    if plan.locations:
        await locations.load_locations(tx, uow, plan.locations)
    if names := plan.warehouses | {receipt.warehouse for receipt in uow.receipts}:
        await locations.load_warehouses(tx, uow, names)
