"""The statements of receipts; every one takes arrays, and is sent once a batch."""
# ruff: noqa: S608 - what is pasted into them are the column lists of this module

from sqlalchemy import text

LINE = "l.receipt, l.line, l.sku, l.announced, l.named, l.unnamed, l.scanned, l.received, l.waiting"
UNIT = (
    "u.sku, u.serial, u.version, u.state, u.receipt, u.line, u.named, u.session, u.location, u.scanned_by,"
    ' u.scanned_at, u."order", u.customer, u.return_id, u.lot, u.expiry'
)
FOUND = (
    "d.discrepancy, d.receipt, d.session, d.kind, d.line, d.sku, d.serial, d.missing, d.quantity, d.location, d.other,"
    " d.found_at, d.found_by, d.resolution, d.tied_to, d.reason, d.resolved_at, d.resolved_by,"
    " d.lot, d.expiry, d.scan"
)
RECEIPT = (
    "r.receipt, r.version, r.kind, r.warehouse, r.supplier, r.expected_at, r.status, r.sessions, r.own_lines,"
    " r.created_at, r.ended_at, r.reason"
)
ASIDE = "a.receipt, a.sku, a.serial, a.session, a.kind, a.line, a.location, a.other, a.actor, a.at, a.lot, a.expiry"
LOT = (
    "s.scan, s.receipt, s.session, s.line, s.sku, s.lot, s.location, s.state, s.quantity, s.expiry, s.manufactured,"
    " s.best_before, s.actor, s.at"
)

RECEIPTS = text(f"SELECT {RECEIPT} FROM receipt r WHERE receipt = ANY(CAST(:receipts AS text[]))")
PRODUCTS = text(
    "SELECT sku, tracking, decimals, life::text AS life FROM product "
    "WHERE sku = ANY(CAST(:skus AS text[])) ORDER BY sku"
)
LINES = text(f"""
SELECT {LINE} FROM receipt_line l WHERE l.receipt = ANY(CAST(:ending AS text[]))
UNION ALL
SELECT {LINE} FROM unnest(CAST(:receipts AS text[]), CAST(:lines AS text[])) AS k(receipt, line)
JOIN receipt_line l ON l.receipt = k.receipt AND l.line = k.line
UNION ALL
SELECT {LINE} FROM unnest(CAST(:receipts_of AS text[]), CAST(:skus AS text[])) AS k(receipt, sku)
JOIN receipt_line l ON l.sku = k.sku AND l.receipt = k.receipt
""")
RECEIPTS_WAITING = text("""
SELECT DISTINCT receipt FROM receipt_line WHERE waiting AND sku = ANY(CAST(:skus AS text[]))
""")
WAITING = text(f"""
SELECT {LINE} FROM receipt_line l
WHERE l.waiting AND l.sku = ANY(CAST(:skus AS text[])) AND l.receipt = ANY(CAST(:receipts AS text[]))
""")
SESSIONS = text("""
SELECT s.receipt, s.session, s.owner, s.state, s.opened_at, s.ended_at
FROM unnest(CAST(:receipts AS text[]), CAST(:sessions AS text[])) AS k(receipt, session)
JOIN session s ON s.receipt = k.receipt AND s.session = k.session
UNION ALL
SELECT receipt, session, owner, state, opened_at, ended_at FROM session
WHERE state = 'OPEN' AND receipt = ANY(CAST(:ending AS text[]))
""")
ASIDES = text(f"""
SELECT {ASIDE} FROM unnest(CAST(:receipts AS text[]), CAST(:skus AS text[]), CAST(:serials AS text[]))
                    AS k(receipt, sku, serial)
JOIN aside a ON a.receipt = k.receipt AND a.sku = k.sku AND a.serial = k.serial
UNION ALL
SELECT {ASIDE} FROM unnest(CAST(:receipts_of AS text[]), CAST(:sessions AS text[])) AS k(receipt, session)
JOIN aside a ON a.receipt = k.receipt AND a.session = k.session
""")
LOTS = text(f"""
SELECT {LOT} FROM unnest(CAST(:receipts AS text[]), CAST(:skus AS text[]), CAST(:lots AS text[]))
                  AS k(receipt, sku, lot)
JOIN lot_scan s ON s.receipt = k.receipt AND s.sku = k.sku AND s.lot = k.lot
UNION ALL
SELECT {LOT} FROM unnest(CAST(:receipts_of AS text[]), CAST(:sessions AS text[])) AS k(receipt, session)
JOIN lot_scan s ON s.receipt = k.receipt AND s.session = k.session
UNION ALL
SELECT {LOT} FROM lot_scan s WHERE s.scan = ANY(CAST(:scans AS text[]))
""")
DISCREPANCIES = text(f"""
SELECT {FOUND} FROM discrepancy d WHERE d.discrepancy = ANY(CAST(:ids AS text[]))
UNION ALL
SELECT {FOUND} FROM unnest(CAST(:receipts AS text[]), CAST(:skus AS text[]), CAST(:serials AS text[]))
                    AS k(receipt, sku, serial)
JOIN discrepancy d ON d.receipt = k.receipt AND d.sku = k.sku AND d.serial = k.serial AND d.resolution IS NULL
UNION ALL
SELECT {FOUND} FROM discrepancy d WHERE d.kind = 'UNEXPECTED' AND d.receipt = ANY(CAST(:ending AS text[]))
""")

UNITS = text(f"""
SELECT {UNIT} FROM unnest(CAST(:skus AS text[]), CAST(:serials AS text[])) AS k(sku, folded)
JOIN unit u ON u.sku = k.sku AND lower(u.serial) = k.folded
""")
EXPECTED_AS = text(f"""
SELECT {UNIT} FROM unnest(CAST(:receipts AS text[]), CAST(:skus AS text[]), CAST(:serials AS text[]))
                   AS k(receipt, sku, serial)
JOIN unit u ON u.receipt = k.receipt AND u.serial = k.serial AND u.state = 'EXPECTED' AND u.sku <> k.sku
""")
SCANNED = text(f"""
SELECT {UNIT} FROM unnest(CAST(:receipts AS text[]), CAST(:sessions AS text[])) AS k(receipt, session)
JOIN unit u ON u.receipt = k.receipt AND u.session = k.session AND u.state = 'SCANNED'
""")
EXPECTED = text(f"""
SELECT {UNIT} FROM unit u WHERE u.state = 'EXPECTED' AND u.receipt = ANY(CAST(:receipts AS text[]))
""")
NAMED_ON_LINES = text(f"""
SELECT {UNIT} FROM unnest(CAST(:receipts AS text[]), CAST(:lines AS text[])) AS k(receipt, line)
JOIN unit u ON u.receipt = k.receipt AND u.line = k.line AND u.state = 'EXPECTED'
UNION ALL
SELECT {UNIT} FROM unnest(CAST(:receipts AS text[]), CAST(:lines AS text[])) AS k(receipt, line)
JOIN unit u ON u.receipt = k.receipt AND u.line = k.line AND u.state = 'SCANNED' AND u.named
""")

ADD_RECEIPTS = text("""
INSERT INTO receipt (receipt, version, kind, warehouse, supplier, expected_at, status, sessions, own_lines, created_at,
                     ended_at, reason)
SELECT * FROM unnest(CAST(:receipt AS text[]), CAST(:version AS bigint[]), CAST(:kind AS text[]),
                     CAST(:warehouse AS text[]), CAST(:supplier AS text[]), CAST(:expected_at AS timestamptz[]),
                     CAST(:status AS text[]), CAST(:sessions AS integer[]), CAST(:own_lines AS integer[]),
                     CAST(:created_at AS timestamptz[]), CAST(:ended_at AS timestamptz[]), CAST(:reason AS text[]))
""")
CHANGE_RECEIPTS = text("""
UPDATE receipt r SET version = r.version + 1, kind = x.kind, warehouse = x.warehouse, supplier = x.supplier,
    expected_at = x.expected_at, status = x.status, sessions = x.sessions, own_lines = x.own_lines,
    ended_at = x.ended_at, reason = x.reason
FROM unnest(CAST(:receipt AS text[]), CAST(:version AS bigint[]), CAST(:kind AS text[]), CAST(:warehouse AS text[]),
            CAST(:supplier AS text[]), CAST(:expected_at AS timestamptz[]), CAST(:status AS text[]),
            CAST(:sessions AS integer[]), CAST(:own_lines AS integer[]), CAST(:created_at AS timestamptz[]),
            CAST(:ended_at AS timestamptz[]), CAST(:reason AS text[]))
     AS x(receipt, version, kind, warehouse, supplier, expected_at, status, sessions, own_lines, created_at, ended_at,
          reason)
WHERE r.receipt = x.receipt AND r.version = x.version
""")
SAVE_LINES = text("""
INSERT INTO receipt_line (receipt, line, sku, announced, named, unnamed, scanned, received, waiting)
SELECT * FROM unnest(CAST(:receipt AS text[]), CAST(:line AS text[]), CAST(:sku AS text[]),
                     CAST(:announced AS numeric[]), CAST(:named AS integer[]), CAST(:unnamed AS integer[]),
                     CAST(:scanned AS numeric[]), CAST(:received AS numeric[]), CAST(:waiting AS boolean[]))
ON CONFLICT (receipt, line) DO UPDATE SET
    announced = excluded.announced, named = excluded.named, unnamed = excluded.unnamed, scanned = excluded.scanned,
    received = excluded.received, waiting = excluded.waiting
""")
SAVE_SESSIONS = text("""
INSERT INTO session (receipt, session, owner, state, opened_at, ended_at)
SELECT * FROM unnest(CAST(:receipt AS text[]), CAST(:session AS text[]), CAST(:owner AS text[]),
                     CAST(:state AS text[]), CAST(:opened_at AS timestamptz[]), CAST(:ended_at AS timestamptz[]))
ON CONFLICT (receipt, session) DO UPDATE SET owner = excluded.owner, state = excluded.state,
                                             ended_at = excluded.ended_at
""")
_UNITS = """
unnest(CAST(:sku AS text[]), CAST(:serial AS text[]), CAST(:version AS integer[]), CAST(:state AS text[]),
       CAST(:receipt AS text[]), CAST(:line AS text[]), CAST(:named AS boolean[]), CAST(:session AS text[]),
       CAST(:location AS text[]), CAST(:scanned_by AS text[]), CAST(:scanned_at AS timestamptz[]),
       CAST(:order AS text[]), CAST(:customer AS text[]), CAST(:return_id AS text[]), CAST(:lot AS text[]),
       CAST(:expiry AS date[])
"""
ADD_UNITS = text(f"""
INSERT INTO unit (sku, serial, version, state, receipt, line, named, session, location, scanned_by, scanned_at,
                  "order", customer, return_id, lot, expiry)
SELECT * FROM {_UNITS})
""")
CHANGE_UNITS = text(f"""
UPDATE unit u SET version = x.version, state = x.state, receipt = x.receipt, line = x.line, named = x.named,
    session = x.session, location = x.location, scanned_by = x.scanned_by, scanned_at = x.scanned_at,
    "order" = x."order", customer = x.customer, return_id = x.return_id, lot = x.lot,
    expiry = x.expiry
FROM {_UNITS}, CAST(:was AS integer[]))
     AS x(sku, serial, version, state, receipt, line, named, session, location, scanned_by, scanned_at, "order",
          customer, return_id, lot, expiry, was)
WHERE u.sku = x.sku AND lower(u.serial) = lower(x.serial) AND u.serial = x.serial AND u.version = x.was
""")
DROP_ASIDES = text("""
DELETE FROM aside a USING unnest(CAST(:receipt AS text[]), CAST(:sku AS text[]), CAST(:serial AS text[]))
                          AS x(receipt, sku, serial)
WHERE a.receipt = x.receipt AND a.sku = x.sku AND a.serial = x.serial
""")
ADD_ASIDES = text("""
INSERT INTO aside (receipt, sku, serial, session, kind, line, location, other, actor, at, lot, expiry)
SELECT * FROM unnest(CAST(:receipt AS text[]), CAST(:sku AS text[]), CAST(:serial AS text[]),
                     CAST(:session AS text[]), CAST(:kind AS text[]), CAST(:line AS text[]), CAST(:location AS text[]),
                     CAST(:other AS text[]), CAST(:actor AS text[]), CAST(:at AS timestamptz[]), CAST(:lot AS text[]),
                     CAST(:expiry AS date[]))
""")
_LOTS = """
unnest(CAST(:scan AS text[]), CAST(:receipt AS text[]), CAST(:session AS text[]), CAST(:line AS text[]),
       CAST(:sku AS text[]), CAST(:lot AS text[]), CAST(:location AS text[]), CAST(:state AS text[]),
       CAST(:quantity AS numeric[]), CAST(:expiry AS date[]), CAST(:manufactured AS date[]),
       CAST(:best_before AS date[]), CAST(:actor AS text[]), CAST(:at AS timestamptz[]))
"""
ADD_LOTS = text(f"""
INSERT INTO lot_scan (scan, receipt, session, line, sku, lot, location, state, quantity, expiry, manufactured,
                      best_before, actor, at)
SELECT * FROM {_LOTS}
""")
CHANGE_LOTS = text(f"""
UPDATE lot_scan s SET line = x.line, state = x.state, quantity = x.quantity, expiry = x.expiry,
    manufactured = x.manufactured, best_before = x.best_before, actor = x.actor, at = x.at
FROM {_LOTS} AS x(scan, receipt, session, line, sku, lot, location, state, quantity, expiry, manufactured, best_before,
                  actor, at)
WHERE s.scan = x.scan
""")
DROP_LOTS = text("DELETE FROM lot_scan WHERE scan = ANY(CAST(:scans AS text[]))")
ADD_DISCREPANCIES = text("""
INSERT INTO discrepancy (discrepancy, receipt, session, kind, line, sku, serial, missing, quantity, location, other,
                         found_at, found_by, resolution, tied_to, reason, resolved_at, resolved_by, lot, expiry, scan)
SELECT discrepancy, receipt, session, kind, line, sku, serial,
       ARRAY(SELECT jsonb_array_elements_text(CAST(missing AS jsonb))), quantity, location, other,
       found_at, found_by, resolution, tied_to, reason, resolved_at, resolved_by, lot, expiry, scan
FROM unnest(CAST(:discrepancy AS text[]), CAST(:receipt AS text[]), CAST(:session AS text[]), CAST(:kind AS text[]),
            CAST(:line AS text[]), CAST(:sku AS text[]), CAST(:serial AS text[]), CAST(:missing AS text[]),
            CAST(:quantity AS numeric[]), CAST(:location AS text[]), CAST(:other AS text[]),
            CAST(:found_at AS timestamptz[]), CAST(:found_by AS text[]), CAST(:resolution AS text[]),
            CAST(:tied_to AS text[]), CAST(:reason AS text[]), CAST(:resolved_at AS timestamptz[]),
            CAST(:resolved_by AS text[]), CAST(:lot AS text[]), CAST(:expiry AS date[]), CAST(:scan AS text[]))
     AS x(discrepancy, receipt, session, kind, line, sku, serial, missing, quantity, location, other, found_at,
          found_by, resolution, tied_to, reason, resolved_at, resolved_by, lot, expiry, scan)
""")
RESOLVE_DISCREPANCIES = text("""
UPDATE discrepancy d SET resolution = x.resolution, tied_to = x.tied_to, reason = x.reason,
                         resolved_at = x.resolved_at, resolved_by = x.resolved_by
FROM unnest(CAST(:discrepancy AS text[]), CAST(:resolution AS text[]), CAST(:tied_to AS text[]),
            CAST(:reason AS text[]), CAST(:resolved_at AS timestamptz[]), CAST(:resolved_by AS text[]))
     AS x(discrepancy, resolution, tied_to, reason, resolved_at, resolved_by)
WHERE d.discrepancy = x.discrepancy AND d.resolution IS NULL
""")
