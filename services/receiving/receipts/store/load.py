"""Lay on the desk what requests need; read after the locks were taken, each kind of row in one statement.

The locks of a transaction come from its messages alone, and some acts reach further: a take-over changes a line of a
receipt that no message named. So the rows of receipts are locked too, all of a transaction in one sorted statement, and
read before their lines.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from services.receiving.locations import store as places
from services.receiving.products import store as products
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.needs import Needs, needs
from services.receiving.receipts.domain.records import Aside, Discrepancy, Key, Line, LotScan, Receipt, Session, Unit
from services.receiving.receipts.store import sql
from services.receiving.rows import columns
from shared.contracts.commands.receiving import Scan
from shared.contracts.envelope import CloudEvent
from shared.database import Transaction, new_id
from shared.records import load_records
from shared.stock.decimals import decimals_of


def blank(tx: Transaction) -> Desk:
    """An empty desk, with the transaction's time and fresh ids."""
    return Desk(tx.now, iter(new_id, ""))


async def load(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> Desk:
    """Everything that requests about receipts need."""
    desk = blank(tx)
    codes = {event.data.barcode for event in events if isinstance(event.data, Scan) and event.data.barcode}
    desk.barcodes = await products.barcodes(tx, codes) if codes else {}
    wanted = needs(events, desk.barcodes)
    await _discrepancies(tx, desk, wanted)
    wanted.meet(desk.discrepancies.values(), events)
    await _units(tx, desk, wanted)
    await _lots(tx, desk, wanted)
    wanted.place(desk.units.values(), desk.lots.values())
    await _documents(tx, desk, wanted)
    await _reference(tx, desk, wanted)
    return desk


async def load_units(tx: Transaction, keys: Iterable[Key]) -> Desk:
    """Units, the lines that they were received on and their receipts."""
    desk = blank(tx)
    wanted = Needs(units=set(keys))
    await _units(tx, desk, wanted)
    wanted.lines.update((unit.receipt, unit.line) for unit in desk.units.values() if unit.receipt and unit.line)
    await _documents(tx, desk, wanted)
    return desk


async def units(tx: Transaction, keys: Iterable[Key]) -> Sequence[Unit]:
    """Units, and those whose serials differ from theirs only in case."""
    folded = sorted({(sku, serial.lower()) for sku, serial in keys})
    return load_records(Unit, await tx.rows(sql.UNITS, columns(folded, ("skus", "serials"))))


async def load_waiting(tx: Transaction, skus: Iterable[str]) -> Desk:
    """The lines that wait for these products, their receipts, and the units that they name."""
    desk = blank(tx)
    values = {"skus": sorted(set(skus))}
    if receipts := sorted(row.receipt for row in await tx.rows(sql.RECEIPTS_WAITING, values)):
        desk.load(receipts=load_records(Receipt, await tx.rows(sql.RECEIPTS, {"receipts": receipts})))
        desk.load(lines=load_records(Line, await tx.rows(sql.WAITING, values | {"receipts": receipts})))
        keys = columns(desk.lines, ("receipts", "lines"))
        desk.load(units=load_records(Unit, await tx.rows(sql.NAMED_ON_LINES, keys)))
    return desk


async def _discrepancies(tx: Transaction, desk: Desk, wanted: Needs) -> None:
    if wanted.discrepancies or wanted.scans or wanted.ending:
        values = columns(sorted(wanted.scans), ("receipts", "skus", "serials"))
        values |= {"ids": sorted(wanted.discrepancies), "ending": sorted(wanted.ending)}
        desk.load(discrepancies=load_records(Discrepancy, await tx.rows(sql.DISCREPANCIES, values)))


async def _units(tx: Transaction, desk: Desk, wanted: Needs) -> None:
    if wanted.units:
        desk.load(units=await units(tx, wanted.units))
    if wanted.scans:
        found = await tx.rows(sql.EXPECTED_AS, columns(sorted(wanted.scans), ("receipts", "skus", "serials")))
        desk.load(units=load_records(Unit, found))
    if wanted.emptied:
        found = await tx.rows(sql.SCANNED, columns(sorted(wanted.emptied), ("receipts", "sessions")))
        desk.load(units=load_records(Unit, found))
    if wanted.ending:
        found = await tx.rows(sql.EXPECTED, {"receipts": sorted(wanted.ending)})
        desk.load(units=load_records(Unit, found))


async def _lots(tx: Transaction, desk: Desk, wanted: Needs) -> None:
    if wanted.lots or wanted.emptied or wanted.lot_scans:
        values = columns(sorted(wanted.lots), ("receipts", "skus", "lots"))
        values |= columns(sorted(wanted.emptied), ("receipts_of", "sessions")) | {"scans": sorted(wanted.lot_scans)}
        desk.load(lots=load_records(LotScan, await tx.rows(sql.LOTS, values)))


async def _documents(tx: Transaction, desk: Desk, wanted: Needs) -> None:
    receipts = {"receipts": sorted(wanted.receipts | {receipt for receipt, _ in wanted.lines})}
    desk.load(receipts=load_records(Receipt, await tx.rows(sql.RECEIPTS, receipts)))
    values = {"ending": sorted(wanted.ending)} | columns(sorted(wanted.lines), ("receipts", "lines"))
    values |= columns(sorted(wanted.lines_of), ("receipts_of", "skus"))
    desk.load(lines=load_records(Line, await tx.rows(sql.LINES, values)))
    if wanted.sessions or wanted.ending:
        values = {"ending": sorted(wanted.ending)} | columns(sorted(wanted.sessions), ("receipts", "sessions"))
        desk.load(sessions=load_records(Session, await tx.rows(sql.SESSIONS, values)))
    if wanted.scans or wanted.emptied:
        values = columns(sorted(wanted.scans), ("receipts", "skus", "serials"))
        values |= columns(sorted(wanted.emptied), ("receipts_of", "sessions"))
        desk.load(asides=load_records(Aside, await tx.rows(sql.ASIDES, values)))


async def _reference(tx: Transaction, desk: Desk, wanted: Needs) -> None:
    skus = wanted.skus | {line.sku for line in desk.lines.values()}
    found = await tx.rows(sql.PRODUCTS, {"skus": sorted(skus)}) if skus else ()
    desk.trackings = {row.sku: row.tracking for row in found}
    desk.decimals = {row.sku: decimals_of(row.tracking, row.decimals) for row in found}
    desk.lives = {row.sku: products.life(row) for row in found}
    if wanted.locations:
        desk.locations = {name: place.type for name, place in (await places.locations(tx, wanted.locations)).items()}
    if names := wanted.warehouses | {receipt.warehouse for receipt in desk.receipts.values() if receipt.warehouse}:
        desk.zones = {name: place.time_zone for name, place in (await places.warehouses(tx, names)).items()}
