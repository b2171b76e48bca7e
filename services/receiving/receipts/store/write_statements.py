"""INSERT, UPDATE and DELETE statements of receipts; each takes arrays and is executed once per batch."""
# ruff: noqa: S608 - only the array lists of this module are interpolated

from sqlalchemy import text

INSERT_RECEIPTS = text("""
INSERT INTO receipt (receipt, version, kind, warehouse, supplier, expected_at, status, session_count,
                     unplanned_line_count, created_at, ended_at, reason)
SELECT * FROM unnest(CAST(:receipt AS text[]), CAST(:version AS bigint[]), CAST(:kind AS text[]),
                     CAST(:warehouse AS text[]), CAST(:supplier AS text[]), CAST(:expected_at AS timestamptz[]),
                     CAST(:status AS text[]), CAST(:session_count AS integer[]),
                     CAST(:unplanned_line_count AS integer[]), CAST(:created_at AS timestamptz[]),
                     CAST(:ended_at AS timestamptz[]), CAST(:reason AS text[]))
""")
UPDATE_RECEIPTS = text("""
UPDATE receipt r SET version = r.version + 1, kind = x.kind, warehouse = x.warehouse, supplier = x.supplier,
    expected_at = x.expected_at, status = x.status, session_count = x.session_count,
    unplanned_line_count = x.unplanned_line_count, ended_at = x.ended_at, reason = x.reason
FROM unnest(CAST(:receipt AS text[]), CAST(:version AS bigint[]), CAST(:kind AS text[]), CAST(:warehouse AS text[]),
            CAST(:supplier AS text[]), CAST(:expected_at AS timestamptz[]), CAST(:status AS text[]),
            CAST(:session_count AS integer[]), CAST(:unplanned_line_count AS integer[]),
            CAST(:created_at AS timestamptz[]), CAST(:ended_at AS timestamptz[]), CAST(:reason AS text[]))
     AS x(receipt, version, kind, warehouse, supplier, expected_at, status, session_count, unplanned_line_count,
          created_at, ended_at, reason)
WHERE r.receipt = x.receipt AND r.version = x.version
""")
UPSERT_LINES = text("""
INSERT INTO receipt_line (receipt, line, sku, expected_quantity, listed_serials, unlisted_units, scanned, received,
                          awaiting_product)
SELECT * FROM unnest(CAST(:receipt AS text[]), CAST(:line AS text[]), CAST(:sku AS text[]),
                     CAST(:expected_quantity AS numeric[]), CAST(:listed_serials AS integer[]),
                     CAST(:unlisted_units AS integer[]), CAST(:scanned AS numeric[]),
                     CAST(:received AS numeric[]), CAST(:awaiting_product AS boolean[]))
ON CONFLICT (receipt, line) DO UPDATE SET
    expected_quantity = excluded.expected_quantity, listed_serials = excluded.listed_serials,
    unlisted_units = excluded.unlisted_units, scanned = excluded.scanned, received = excluded.received,
    awaiting_product = excluded.awaiting_product
""")
UPSERT_SESSIONS = text("""
INSERT INTO session (receipt, session, owner, status, opened_at, ended_at)
SELECT * FROM unnest(CAST(:receipt AS text[]), CAST(:session AS text[]), CAST(:owner AS text[]),
                     CAST(:status AS text[]), CAST(:opened_at AS timestamptz[]), CAST(:ended_at AS timestamptz[]))
ON CONFLICT (receipt, session) DO UPDATE SET owner = excluded.owner, status = excluded.status,
                                             ended_at = excluded.ended_at
""")
_UNIT_ARRAYS = """
unnest(CAST(:sku AS text[]), CAST(:serial AS text[]), CAST(:version AS integer[]), CAST(:status AS text[]),
       CAST(:receipt AS text[]), CAST(:line AS text[]), CAST(:is_listed AS boolean[]), CAST(:session AS text[]),
       CAST(:location AS text[]), CAST(:scanned_by AS text[]), CAST(:scanned_at AS timestamptz[]),
       CAST(:order_id AS text[]), CAST(:customer AS text[]), CAST(:return_id AS text[]), CAST(:lot AS text[]),
       CAST(:expiry AS date[])
"""
INSERT_UNITS = text(f"""
INSERT INTO unit (sku, serial, version, status, receipt, line, is_listed, session, location, scanned_by, scanned_at,
                  order_id, customer, return_id, lot, expiry)
SELECT * FROM {_UNIT_ARRAYS})
""")
UPDATE_UNITS = text(f"""
UPDATE unit u SET version = x.version, status = x.status, receipt = x.receipt, line = x.line, is_listed = x.is_listed,
    session = x.session, location = x.location, scanned_by = x.scanned_by, scanned_at = x.scanned_at,
    order_id = x.order_id, customer = x.customer, return_id = x.return_id, lot = x.lot,
    expiry = x.expiry
FROM {_UNIT_ARRAYS}, CAST(:loaded_version AS integer[]))
     AS x(sku, serial, version, status, receipt, line, is_listed, session, location, scanned_by, scanned_at, order_id,
          customer, return_id, lot, expiry, loaded_version)
WHERE u.sku = x.sku AND lower(u.serial) = lower(x.serial) AND u.serial = x.serial AND u.version = x.loaded_version
""")
DELETE_UNMATCHED_SCANS = text("""
DELETE FROM unmatched_scan a USING unnest(CAST(:receipt AS text[]), CAST(:sku AS text[]), CAST(:serial AS text[]))
                          AS x(receipt, sku, serial)
WHERE a.receipt = x.receipt AND a.sku = x.sku AND a.serial = x.serial
""")
INSERT_UNMATCHED_SCANS = text("""
INSERT INTO unmatched_scan (receipt, sku, serial, session, kind, line, location, conflicting_value, scanned_by,
                            scanned_at, lot, expiry)
SELECT * FROM unnest(CAST(:receipt AS text[]), CAST(:sku AS text[]), CAST(:serial AS text[]),
                     CAST(:session AS text[]), CAST(:kind AS text[]), CAST(:line AS text[]), CAST(:location AS text[]),
                     CAST(:conflicting_value AS text[]), CAST(:scanned_by AS text[]),
                     CAST(:scanned_at AS timestamptz[]), CAST(:lot AS text[]), CAST(:expiry AS date[]))
""")
_LOT_SCAN_ARRAYS = """
unnest(CAST(:scan_id AS text[]), CAST(:receipt AS text[]), CAST(:session AS text[]), CAST(:line AS text[]),
       CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:location AS text[]), CAST(:status AS text[]),
       CAST(:quantity AS numeric[]), CAST(:expiry AS date[]), CAST(:manufactured_on AS date[]),
       CAST(:best_before AS date[]), CAST(:scanned_by AS text[]), CAST(:scanned_at AS timestamptz[]))
"""
INSERT_LOT_SCANS = text(f"""
INSERT INTO lot_scan (scan_id, receipt, session, line, sku, lot, location, status, quantity, expiry, manufactured_on,
                      best_before, scanned_by, scanned_at)
SELECT * FROM {_LOT_SCAN_ARRAYS}
""")
UPDATE_LOT_SCANS = text(f"""
UPDATE lot_scan s SET line = x.line, status = x.status, quantity = x.quantity, expiry = x.expiry,
    manufactured_on = x.manufactured_on, best_before = x.best_before, scanned_by = x.scanned_by,
    scanned_at = x.scanned_at
FROM {_LOT_SCAN_ARRAYS}
     AS x(scan_id, receipt, session, line, sku, lot, location, status, quantity, expiry, manufactured_on, best_before,
          scanned_by, scanned_at)
WHERE s.scan_id = x.scan_id
""")
DELETE_LOT_SCANS = text("DELETE FROM lot_scan WHERE scan_id = ANY(CAST(:scan_ids AS text[]))")
INSERT_DISCREPANCIES = text("""
INSERT INTO discrepancy (discrepancy, receipt, session, kind, line, sku, serial, missing_serials, quantity, location,
                         conflicting_value, found_at, found_by, resolution, matched_serial, reason, resolved_at,
                         resolved_by, lot, expiry, scan_id)
SELECT discrepancy, receipt, session, kind, line, sku, serial,
       ARRAY(SELECT jsonb_array_elements_text(CAST(missing_serials AS jsonb))), quantity, location, conflicting_value,
       found_at, found_by, resolution, matched_serial, reason, resolved_at, resolved_by, lot, expiry, scan_id
FROM unnest(CAST(:discrepancy AS text[]), CAST(:receipt AS text[]), CAST(:session AS text[]), CAST(:kind AS text[]),
            CAST(:line AS text[]), CAST(:sku AS text[]), CAST(:serial AS text[]), CAST(:missing_serials AS text[]),
            CAST(:quantity AS numeric[]), CAST(:location AS text[]), CAST(:conflicting_value AS text[]),
            CAST(:found_at AS timestamptz[]), CAST(:found_by AS text[]), CAST(:resolution AS text[]),
            CAST(:matched_serial AS text[]), CAST(:reason AS text[]), CAST(:resolved_at AS timestamptz[]),
            CAST(:resolved_by AS text[]), CAST(:lot AS text[]), CAST(:expiry AS date[]), CAST(:scan_id AS text[]))
     AS x(discrepancy, receipt, session, kind, line, sku, serial, missing_serials, quantity, location,
          conflicting_value, found_at, found_by, resolution, matched_serial, reason, resolved_at, resolved_by, lot,
          expiry, scan_id)
""")
UPDATE_DISCREPANCIES = text("""
UPDATE discrepancy d SET resolution = x.resolution, matched_serial = x.matched_serial, reason = x.reason,
                         resolved_at = x.resolved_at, resolved_by = x.resolved_by
FROM unnest(CAST(:discrepancy AS text[]), CAST(:resolution AS text[]), CAST(:matched_serial AS text[]),
            CAST(:reason AS text[]), CAST(:resolved_at AS timestamptz[]), CAST(:resolved_by AS text[]))
     AS x(discrepancy, resolution, matched_serial, reason, resolved_at, resolved_by)
WHERE d.discrepancy = x.discrepancy AND d.resolution IS NULL
""")
