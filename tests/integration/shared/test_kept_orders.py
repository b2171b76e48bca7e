"""Orders in a database of an earlier revision keep their meaning."""

import os
import shutil
from pathlib import Path

import asyncpg
import pytest

from shared.persistence.migrate import migrate, versions_folder

ORDERS = """
    INSERT INTO sales_order SELECT id, 'EAST', 'C', '', '', '', 5, backorders, now(), status, 0, ''
    FROM (VALUES ('AWAITING', 'ALLOWED', 'AWAITING_PRODUCT'), ('BACKORDERED', 'ALLOWED', 'OPEN'),
                 ('REQUESTED', 'ALLOWED', 'OPEN'), ('PARTLY', 'ALLOWED', 'OPEN'), ('SHIPPED', 'ALLOWED', 'COMPLETE'),
                 ('DROPPED', 'NOT_ALLOWED', 'COMPLETE'), ('CUT', 'ALLOWED', 'COMPLETE'),
                 ('CANCELLED', 'ALLOWED', 'CANCELLED'), ('CANCELLED-LATE', 'ALLOWED', 'CANCELLED'),
                 ('PICKED', 'ALLOWED', 'OPEN')) AS o (id, backorders, status);
    INSERT INTO order_line SELECT order_id, line, 1, 'A', ordered, serials::text[], 0, picked, 0, shipped, awaiting,
           cancelled, lots::text[], single_lot
    FROM (VALUES ('AWAITING', '1', 3, 0, 0, true, false, '{}', '{}', false),
                 ('BACKORDERED', '1', 3, 0, 0, false, false, '{}', '{}', false),
                 ('REQUESTED', '1', 3, 0, 0, false, false, '{}', '{}', false),
                 ('PARTLY', '1', 3, 0, 2, false, false, '{}', '{}', false),
                 ('SHIPPED', '1', 3, 0, 3, false, false, '{}', '{}', false),
                 ('DROPPED', '1', 3, 0, 0, false, false, '{}', '{}', false),
                 ('CUT', '1', 3, 0, 3, false, false, '{}', '{}', false),
                 ('CUT', '2', 3, 0, 0, false, true, '{}', '{}', false),
                 ('CANCELLED', '1', 3, 1, 0, false, true, '{}', '{}', false),
                 ('CANCELLED-LATE', '1', 3, 0, 1, false, true, '{}', '{}', false),
                 ('PICKED', '1', 1, 1, 0, false, false, '{E2}', '{}', false),
                 ('PICKED', '2', 2, 2, 0, false, false, '{}', '{L2}', false),
                 ('PICKED', '3', 3, 3, 0, false, false, '{}', '{}', true))
         AS l (order_id, line, ordered, picked, shipped, awaiting, cancelled, serials, lots, single_lot);
    INSERT INTO demand (demand_id, order_id, line, sku, tracking, quantity, shortfall, serials, answered,
                        allocated_total, closed, cancelled, skipped_summary)
    SELECT 'D-' || order_id, order_id, '1', 'A', 'SERIAL', 3, 'BACKORDER', '{}', answered, 0, false, false, ''
    FROM (VALUES ('BACKORDERED', true), ('REQUESTED', false), ('PARTLY', true), ('DROPPED', true))
         AS d (order_id, answered);
    INSERT INTO allocated_unit (sku, serial, order_id, line, demand_id, status, location)
    VALUES ('A', 'E1', 'PICKED', '1', 'D', 'PICKED', 'EAST/STAGE'),
           ('A', 'E9', 'CANCELLED', '1', 'D', 'PICKED', 'EAST/STAGE');
    INSERT INTO allocated_lot (allocated_lot_id, order_id, line, demand_id, sku, lot, quantity, status, location)
    VALUES ('1', 'PICKED', '2', 'D', 'M', 'L1', 1, 'PICKED', 'EAST/STAGE'),
           ('2', 'PICKED', '2', 'D', 'M', 'L2', 1, 'PICKED', 'EAST/STAGE'),
           ('3', 'PICKED', '3', 'D', 'M', 'L1', 1, 'PICKED', 'EAST/STAGE'),
           ('4', 'PICKED', '3', 'D', 'M', 'L2', 2, 'PICKED', 'EAST/STAGE');
"""
MISMATCHES = """
    SELECT order_id, line, serial AS number, mismatch FROM allocated_unit
    UNION ALL SELECT order_id, line, lot, mismatch FROM allocated_lot ORDER BY 1, 2, 3
"""


@pytest.mark.parametrize("kept_service", ["fulfillment"], indirect=True)
async def test_kept_orders_have_the_statuses_and_quantities_of_this_version(kept_service: str, tmp_path: Path) -> None:
    """Statuses are converted, open quantities are split, and picked items that do not match are marked."""
    for revision in ("0001_fulfillment", "0002_message_digests"):
        shutil.copy(versions_folder(kept_service) / f"{revision}.py", tmp_path)
    shutil.copytree(versions_folder(kept_service) / "0001_fulfillment", tmp_path / "0001_fulfillment")
    await migrate(kept_service, tmp_path)
    owner = await asyncpg.connect(os.environ["FULFILLMENT_MIGRATION_DATABASE_URL"])
    await owner.execute(ORDERS)
    await migrate(kept_service)
    statuses = {row["order_id"]: row["status"] for row in await owner.fetch("SELECT * FROM sales_order")}
    split = await owner.fetch(
        "SELECT order_id, backordered, dropped FROM order_line WHERE backordered > 0 OR dropped > 0 ORDER BY 1"
    )
    pending = await owner.fetch("SELECT order_id, pending, open_quantity FROM demand WHERE pending > 0")
    mismatches = await owner.fetch(MISMATCHES)
    await owner.close()
    assert statuses == {
        "AWAITING": "OPEN", "BACKORDERED": "OPEN", "REQUESTED": "OPEN", "PARTLY": "PARTLY_SHIPPED",
        "SHIPPED": "SHIPPED", "DROPPED": "CLOSED_SHORT", "CUT": "CLOSED_SHORT", "CANCELLED": "CANCELLED",
        "CANCELLED-LATE": "CLOSED_SHORT", "PICKED": "OPEN",
    }  # fmt: skip
    assert [tuple(row) for row in split] == [("BACKORDERED", 3, 0), ("DROPPED", 0, 3), ("PARTLY", 1, 0)]
    assert [tuple(row) for row in pending] == [("REQUESTED", 3, 3)]
    assert [tuple(row) for row in mismatches] == [
        ("CANCELLED", "1", "E9", "line 1 is cancelled"),
        ("PICKED", "1", "E1", "line 1 names other serial numbers"),
        ("PICKED", "2", "L1", "line 2 allows only other lots"),
        ("PICKED", "2", "L2", ""),
        ("PICKED", "3", "L1", "line 3 requires a single lot"),
        ("PICKED", "3", "L2", ""),
    ]
