-- Criteria without blanks and case. A dry run may be replaced.

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
