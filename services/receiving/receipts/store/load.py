"""Loads the records for a batch of commands after the locks are acquired, one statement per table.

Lock keys are derived from the messages alone, but some commands change other receipts as well: a take-over changes a
line of a receipt that no message names. Therefore receipts are loaded before their lines, and their versions are
checked when they are saved.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from services.receiving.batch_statements import as_arrays
from services.receiving.locations import store as location_store
from services.receiving.products import store as products
from services.receiving.receipts.domain.load_plan import LoadPlan, required_keys
from services.receiving.receipts.domain.records import (
    Discrepancy,
    LotScan,
    Receipt,
    ReceiptLine,
    RowKey,
    Session,
    Unit,
    UnmatchedScan,
)
from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork
from services.receiving.receipts.store import select_statements as sql
from shared.contracts.commands.receiving import ScanItems
from shared.contracts.envelope import CloudEvent
from shared.inventory.decimals import decimals_of
from shared.persistence.database import Transaction, new_id
from shared.persistence.records import load_records


def new_unit_of_work(tx: Transaction) -> ReceivingUnitOfWork:
    """Create an empty unit of work with the transaction's time and new ids."""
    return ReceivingUnitOfWork(tx.now, iter(new_id, ""))


async def load(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> ReceivingUnitOfWork:
    """Load all records for these commands."""
    uow = new_unit_of_work(tx)
    codes = {event.data.barcode for event in events if isinstance(event.data, ScanItems) and event.data.barcode}
    uow.barcodes = await products.load_barcodes(tx, codes) if codes else {}
    plan = required_keys(events, uow.barcodes)
    await _load_discrepancies(tx, uow, plan)
    plan.add_for_discrepancies(uow.discrepancies.values(), events)
    await _load_units(tx, uow, plan)
    await _load_lot_scans(tx, uow, plan)
    plan.add_lines(uow.units.values(), uow.lot_scans.values())
    await _load_documents(tx, uow, plan)
    await _load_reference_data(tx, uow, plan)
    return uow


async def load_units(tx: Transaction, keys: Iterable[RowKey]) -> ReceivingUnitOfWork:
    """Load units with the lines and receipts on which they were received."""
    uow = new_unit_of_work(tx)
    plan = LoadPlan(units=set(keys))
    await _load_units(tx, uow, plan)
    plan.lines.update((unit.receipt, unit.line) for unit in uow.units.values() if unit.receipt and unit.line)
    await _load_documents(tx, uow, plan)
    return uow


async def find_units(tx: Transaction, keys: Iterable[RowKey]) -> Sequence[Unit]:
    """Find units, including those whose serials differ only in case."""
    folded_keys = sorted({(sku, serial.lower()) for sku, serial in keys})
    return load_records(Unit, await tx.fetch_all(sql.SELECT_UNITS, as_arrays(folded_keys, ("skus", "serials"))))


async def load_waiting(tx: Transaction, skus: Iterable[str]) -> ReceivingUnitOfWork:
    """Load the lines that await these products, with their receipts and listed units."""
    uow = new_unit_of_work(tx)
    parameters = {"skus": sorted(set(skus))}
    if receipts := sorted(row.receipt for row in await tx.fetch_all(sql.SELECT_WAITING_RECEIPTS, parameters)):
        uow.load(receipts=load_records(Receipt, await tx.fetch_all(sql.SELECT_RECEIPTS, {"receipts": receipts})))
        uow.load(
            lines=load_records(
                ReceiptLine, await tx.fetch_all(sql.SELECT_WAITING_LINES, parameters | {"receipts": receipts})
            )
        )
        keys = as_arrays(uow.lines, ("receipts", "lines"))
        uow.load(units=load_records(Unit, await tx.fetch_all(sql.SELECT_LISTED, keys)))
    return uow


async def _load_discrepancies(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    if plan.discrepancies or plan.serial_scans or plan.closing_receipts:
        parameters = as_arrays(sorted(plan.serial_scans), ("receipts", "skus", "serials"))
        parameters |= {"ids": sorted(plan.discrepancies), "closing": sorted(plan.closing_receipts)}
        uow.load(discrepancies=load_records(Discrepancy, await tx.fetch_all(sql.SELECT_DISCREPANCIES, parameters)))


async def _load_units(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    if plan.units:
        uow.load(units=await find_units(tx, plan.units))
    if plan.serial_scans:
        rows = await tx.fetch_all(
            sql.SELECT_EXPECTED_AS_OTHER_PRODUCT, as_arrays(sorted(plan.serial_scans), ("receipts", "skus", "serials"))
        )
        uow.load(units=load_records(Unit, rows))
    if plan.closing_sessions:
        rows = await tx.fetch_all(
            sql.SELECT_SCANNED, as_arrays(sorted(plan.closing_sessions), ("receipts", "sessions"))
        )
        uow.load(units=load_records(Unit, rows))
    if plan.closing_receipts:
        rows = await tx.fetch_all(sql.SELECT_EXPECTED, {"receipts": sorted(plan.closing_receipts)})
        uow.load(units=load_records(Unit, rows))


async def _load_lot_scans(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    if plan.lots or plan.closing_sessions or plan.lot_scans:
        parameters = as_arrays(sorted(plan.lots), ("receipts", "skus", "lots"))
        parameters |= as_arrays(sorted(plan.closing_sessions), ("other_receipts", "sessions")) | {
            "scan_ids": sorted(plan.lot_scans)
        }
        uow.load(lot_scans=load_records(LotScan, await tx.fetch_all(sql.SELECT_LOT_SCANS, parameters)))


async def _load_documents(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    receipts = {"receipts": sorted(plan.receipts | {receipt for receipt, _ in plan.lines})}
    uow.load(receipts=load_records(Receipt, await tx.fetch_all(sql.SELECT_RECEIPTS, receipts)))
    parameters = {"closing": sorted(plan.closing_receipts)} | as_arrays(sorted(plan.lines), ("receipts", "lines"))
    parameters |= as_arrays(sorted(plan.lines_by_sku), ("other_receipts", "skus"))
    uow.load(lines=load_records(ReceiptLine, await tx.fetch_all(sql.SELECT_LINES, parameters)))
    if plan.sessions or plan.closing_receipts:
        parameters = {"closing": sorted(plan.closing_receipts)} | as_arrays(
            sorted(plan.sessions), ("receipts", "sessions")
        )
        uow.load(sessions=load_records(Session, await tx.fetch_all(sql.SELECT_SESSIONS, parameters)))
    if plan.serial_scans or plan.closing_sessions:
        parameters = as_arrays(sorted(plan.serial_scans), ("receipts", "skus", "serials"))
        parameters |= as_arrays(sorted(plan.closing_sessions), ("other_receipts", "sessions"))
        uow.load(
            unmatched_scans=load_records(UnmatchedScan, await tx.fetch_all(sql.SELECT_UNMATCHED_SCANS, parameters))
        )


async def _load_reference_data(tx: Transaction, uow: ReceivingUnitOfWork, plan: LoadPlan) -> None:
    skus = plan.skus | {line.sku for line in uow.lines.values()}
    rows = await tx.fetch_all(sql.SELECT_PRODUCTS, {"skus": sorted(skus)}) if skus else ()
    uow.trackings = {row.sku: row.tracking for row in rows}
    uow.decimals = {row.sku: decimals_of(row.tracking, row.decimals) for row in rows}
    uow.shelf_life_policies = {row.sku: products.shelf_life_policy_of(row) for row in rows}
    if plan.locations:
        uow.location_types = {
            name: record.type for name, record in (await location_store.load_locations(tx, plan.locations)).items()
        }
    if names := plan.warehouses | {receipt.warehouse for receipt in uow.receipts.values() if receipt.warehouse}:
        uow.time_zones = {
            name: record.time_zone for name, record in (await location_store.load_warehouses(tx, names)).items()
        }
