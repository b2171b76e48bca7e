"""Loads the units that standing holds match."""

from collections.abc import Sequence

from sqlalchemy import text

from services.serials.units.domain.standing_holds import StandingHold, fold_lots, parsed
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store.unit_table import UNIT_COLUMNS, UNITS
from shared.notices import squeeze
from shared.persistence.arrays import to_arrays
from shared.persistence.database import Transaction
from shared.persistence.lot_keys import fold_lot_sql

# OFFSET 0 makes each range an index scan: 400 ranges took 6 ms among 200,000 serials, a plain join 2.3 s.
# For notices, periods, and ranges of lots or of serials with blanks, the units of their products are read once.
SELECT_MATCHING = text(f"""
    WITH lot_range AS (
        SELECT sku, first, last
        FROM unnest(CAST(:range_skus AS text[]), CAST(:firsts AS text[]), CAST(:lasts AS text[]))
            AS c (sku, first, last)
    ), notice AS (
        SELECT sku, notice FROM unnest(CAST(:notice_skus AS text[]), CAST(:notices AS integer[])) AS c (sku, notice)
    ), span AS (
        SELECT notice, span FROM unnest(CAST(:span_notices AS integer[]), CAST(:spans AS text[])) AS c (notice, span)
    ), period AS (
        SELECT sku, kind, first, last
        FROM unnest(CAST(:period_skus AS text[]), CAST(:kinds AS text[]), CAST(:first_days AS date[]),
                    CAST(:last_days AS date[])) AS c (sku, kind, first, last)
    ), unit AS MATERIALIZED (
        SELECT s.id, k.sku, replace(lower(k.serial), ' ', '') COLLATE "C" AS number, k.serial LIKE '% %' AS has_blank,
            replace(lower(s.lot), ' ', '') COLLATE "C" AS lot, s.expiry, s.manufactured_on
        FROM (
            SELECT sku FROM lot_range UNION SELECT sku FROM notice UNION SELECT sku FROM period
        ) AS c JOIN serial AS k USING (sku) JOIN serial_state AS s USING (id)
    ), lot AS (
        SELECT DISTINCT sku, lot FROM unit WHERE lot IS NOT NULL
    ), searched AS MATERIALIZED (
        SELECT id, number, notice FROM unit JOIN notice USING (sku)
    ), searched_lot AS MATERIALIZED (
        SELECT sku, lot, notice FROM lot JOIN notice USING (sku)
    ), affected_lot AS (
        SELECT l.sku, l.lot FROM searched_lot AS l JOIN span AS n ON n.notice = l.notice AND n.span = l.lot
        UNION
        SELECT sku, lot FROM lot JOIN lot_range USING (sku)
        WHERE length(lot) = length(first) AND lot BETWEEN first AND last
    ), matched AS (
        SELECT k.id FROM unnest(CAST(:serial_skus AS text[]), CAST(:serials AS text[])) AS c (sku, serial)
        JOIN serial AS k USING (sku, serial)
        UNION
        SELECT k.id FROM lot_range AS c
        CROSS JOIN LATERAL (
            SELECT id FROM serial AS k WHERE k.sku = c.sku AND lower(k.serial) BETWEEN c.first AND c.last
                AND length(k.serial) = length(c.first) OFFSET 0
        ) AS k
        UNION
        SELECT u.id FROM unit AS u JOIN lot_range AS c USING (sku)
        WHERE u.has_blank AND length(u.number) = length(c.first) AND u.number BETWEEN c.first AND c.last
        UNION
        SELECT u.id FROM searched AS u JOIN span AS n ON n.notice = u.notice AND n.span = u.number
        UNION
        SELECT u.id FROM unit AS u JOIN affected_lot USING (sku, lot)
        UNION
        SELECT u.id FROM unit AS u JOIN period AS c USING (sku)
        WHERE coalesce(
            CASE c.kind WHEN 'EXPIRY' THEN u.expiry ELSE u.manufactured_on END
                BETWEEN coalesce(c.first, '-infinity') AND coalesce(c.last, 'infinity'), true)
        UNION
        SELECT s.id FROM unnest(CAST(:lot_skus AS text[]), CAST(:lots AS text[])) AS c (sku, lot)
        JOIN serial_state AS s ON s.sku = c.sku AND {fold_lot_sql("s.lot")} = c.lot
    )
    SELECT {UNIT_COLUMNS} FROM matched JOIN serial_state AS s USING (id)
""")  # noqa: S608


async def load_matching(tx: Transaction, uow: SerialsUnitOfWork, standing_holds: Sequence[StandingHold]) -> None:
    """Load the units that standing holds match."""
    if not standing_holds:
        return
    numbers = {notice: number for number, notice in enumerate({hold.notice for hold in standing_holds if hold.notice})}
    values = {
        **to_arrays(
            ((hold.sku, serial) for hold in standing_holds for serial in hold.serials), "serial_skus", "serials"
        ),
        **to_arrays(
            ((hold.sku, squeeze(first), squeeze(last)) for hold in standing_holds for first, last in hold.ranges),
            "range_skus", "firsts", "lasts",
        ),
        **to_arrays(
            ((hold.sku, numbers[hold.notice]) for hold in standing_holds if hold.notice), "notice_skus", "notices"
        ),
        **to_arrays(
            ((number, span) for notice, number in numbers.items() for span in parsed(notice).spans),
            "span_notices", "spans",
        ),
        **to_arrays(
            ((hold.sku, one.kind, one.first_day, one.last_day) for hold in standing_holds for one in hold.periods),
            "period_skus", "kinds", "first_days", "last_days",
        ),
        **to_arrays(((hold.sku, lot) for hold in standing_holds for lot in fold_lots(hold.lots)), "lot_skus", "lots"),
    }  # fmt: skip
    uow.units.load(UNITS.load(await tx.fetch_all(SELECT_MATCHING, values)))
