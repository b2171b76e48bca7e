"""Reading of the raw scans in the commands of lots."""

from services.lots.balances.domain.scans import USES
from shared.inventory.scan_enricher import build_scan_enricher, build_scan_statement

read_scans = build_scan_enricher(
    build_scan_statement("""
        SELECT 'LOT' AS kind, lot AS id, sku, NULL AS document FROM lot WHERE lot_key = ANY(CAST(:lot_keys AS text[]))
    """),
    USES,
)
