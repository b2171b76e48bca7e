"""Raw scans in the commands of receiving: how each command takes them, and what they are looked up by."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.receiving.products.store import resolve_barcodes
from shared.contracts.commands.receiving import ReceiveReturn, ScanItems, UndoScan
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.raw_scans import ReadScan
from shared.inventory.scan_enricher import build_scan_enricher, build_scan_statement
from shared.inventory.scan_fills import ScanUse, fill_serials_or_lots
from shared.persistence.database import Transaction

STATEMENT = build_scan_statement(
    barcodes="SELECT code, sku, quantity FROM barcode WHERE code = ANY(CAST(:codes AS text[]))",
    identifiers="""
        SELECT 'SERIAL' AS kind, serial AS id, sku,
               CASE status WHEN 'SHIPPED' THEN order_id ELSE receipt END AS document
        FROM unit WHERE serial = ANY(CAST(:texts AS text[])) AND status NOT IN ('INACTIVE', 'VOID')
        UNION ALL SELECT 'LOT', lot, sku, NULL FROM known_lot WHERE lot_key = ANY(CAST(:lot_keys AS text[]))
    """,
    serial_format="p.serial_format",
)


def fill_undone_scans(_: UndoScan, reads: Sequence[ReadScan]) -> Mapping[str, Any]:
    """Fill product, serial numbers and lots."""
    serials = [read.serial for read in reads if read.serial]
    lots = [read.lot or "" for read in reads if not read.serial]
    return {"serials": serials, "lots": lots} | ({"sku": reads[0].sku} if reads else {})


USES: Mapping[type[Message], ScanUse] = {
    ScanItems: ScanUse(document="receipt", is_of_one_product=False, takes_cartons=True),
    UndoScan: ScanUse(fill_undone_scans, document="receipt", needs_lot=True, takes_cartons=True),
    ReceiveReturn: ScanUse(fill_serials_or_lots, document="order", needs_quantity=True, needs_lot=True),
}
_read_scans = build_scan_enricher(STATEMENT, USES)


async def read_scans(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> Sequence[CloudEvent[Any]]:
    """Read raw scans, and add the products of scanned barcodes."""
    return await resolve_barcodes(tx, await _read_scans(tx, events))
