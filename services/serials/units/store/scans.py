"""Reading of the raw scans in the commands of serials."""

from services.serials.units.domain.scans import USES
from shared.inventory.scan_enricher import build_scan_enricher, build_scan_statement

read_scans = build_scan_enricher(
    build_scan_statement(
        """
        SELECT 'SERIAL' AS kind, k.serial AS id, k.sku, NULL AS document
        FROM unnest(CAST(:texts AS text[])) AS scanned (text)
        JOIN serial AS k ON lower(k.serial) = lower(scanned.text) AND k.serial = scanned.text
        """,
        serial_format="p.serial_format",
    ),
    USES,
)
