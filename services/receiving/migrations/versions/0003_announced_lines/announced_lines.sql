-- What the parts of ASNs say about their lines.

CREATE TABLE announced_line (
    receipt text COLLATE "C" NOT NULL,
    part integer NOT NULL CHECK (part >= 1),
    line text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL CHECK (quantity >= 0),
    serials text[] NOT NULL,
    rejected text[] NOT NULL,
    PRIMARY KEY (receipt, part, line)
);
COMMENT ON COLUMN announced_line.rejected IS 'serials that were registered already; they do not count';

ALTER TABLE unit ADD COLUMN part integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN unit.part IS 'part of the ASN that lists the serial number';

-- Stored receipts that are not ended say what they expect, as the only part of their ASN.
INSERT INTO announced_line (receipt, part, line, sku, quantity, serials, rejected)
SELECT l.receipt, 1, l.line, l.sku, l.expected_quantity, COALESCE(u.serials, '{}'), '{}'
FROM receipt_line l
JOIN receipt r ON r.receipt = l.receipt AND r.status IN ('PLANNED', 'IN_PROGRESS')
LEFT JOIN (
    SELECT receipt, line, array_agg(serial ORDER BY serial) AS serials FROM unit
    WHERE is_listed AND status <> 'INACTIVE' AND receipt IN (
        SELECT receipt FROM receipt WHERE status IN ('PLANNED', 'IN_PROGRESS')
    )
    GROUP BY receipt, line
) u ON u.receipt = l.receipt AND u.line = l.line
WHERE l.line NOT LIKE '+%' AND l.expected_quantity > 0;
