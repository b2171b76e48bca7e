-- What a notice names: barcodes of products, and criteria without blanks and case. A dry run may be replaced.

CREATE TABLE product_barcode (
    sku text COLLATE "C" NOT NULL,
    gtin text COLLATE "C" NOT NULL,  -- 14 digits for all spellings of a GTIN
    PRIMARY KEY (gtin, sku)
);
CREATE INDEX product_barcode_sku ON product_barcode (sku);

ALTER TABLE recall ADD COLUMN dry_run boolean NOT NULL DEFAULT false,
    ADD COLUMN recognised jsonb NOT NULL DEFAULT '{}';

ALTER TABLE recall_criterion DROP CONSTRAINT recall_criterion_kind_check;
UPDATE recall_criterion SET kind = replace(kind, 'LOT', 'TERM'), first = replace(lower(first), ' ', ''),
    last = replace(last, ' ', '')
WHERE kind = 'LOT' OR first LIKE '% %' OR last LIKE '% %';
ALTER TABLE recall_criterion ADD CONSTRAINT recall_criterion_kind_check
    CHECK (kind IN ('TERM', 'RANGE', 'EXPIRY', 'MANUFACTURED'));
COMMENT ON TABLE recall_criterion IS
    'Criteria for lots received later, without blanks and case: spans and ranges of the notice, listed lots, periods';
