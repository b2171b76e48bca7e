"""Recalls in a database of an earlier revision keep their meaning."""

from pathlib import Path

import pytest

from shared.persistence.migrate import migrate
from tests.integration.shared.test_kept_databases import migrate_to_first_revision

RECALL = """
    INSERT INTO recall VALUES ('R-1', 'glass', '', false, now(), 'ann');
    INSERT INTO recall_lot VALUES ('R-1', 'MILK', 'B-1');
    INSERT INTO ledger (change, sku, lot, warehouse, on_hand, picked, reason, actor, occurred_at, recorded_at,
                        cause_source, cause_id, order_id, line, shipment, customer)
    SELECT 'SHIPPED', 'MILK', 'B-1', 'EAST', 0, -1, '', 'ann', now(), now(), 'test', '1', o, '1', s, c
    FROM (VALUES ('SO-1', 'VAN', 'ALPHA'), ('SO-2', 'VAN', 'BETA'), ('SO-3', 'POST', 'GAMMA')) AS shipped (o, s, c);
    INSERT INTO recall_contact (recall, shipment, sku, lot_or_serial, outcome, note, contacted_at, contacted_by)
    SELECT 'R-1', shipment, 'MILK', 'B-1', 'DESTROYED', 'by phone', now(), 'ann'
    FROM (VALUES ('VAN'), ('POST')) AS marked (shipment);
"""


CRITERIA = """
    INSERT INTO recall_criterion VALUES ('R-1', 'LOT', 'Ab  1', '', '{}'), ('R-1', 'TERM', 'batch 42 a', '', '{MILK}'),
        ('R-1', 'RANGE', 'l 1', 'l 9', '{}')
"""
STANDING_HOLD = """
    INSERT INTO standing_hold VALUES
        ('PUMP', 'R-1', 'R-1', '[]', '[]', '[]', '["sn-1", "lot 7 b"]', 1),
        ('SALT', 'H-1', NULL, '[]', '[]', '[]', '[]', 2)
"""


@pytest.mark.parametrize("kept_service", ["lots"], indirect=True)
async def test_kept_criteria_are_compared_without_blanks_and_case(kept_service: str, tmp_path: Path) -> None:
    """The criteria of a kept recall match the lots that are received later as those of a new one (S46)."""
    owner = await migrate_to_first_revision(kept_service, tmp_path)
    await owner.execute(CRITERIA)
    await migrate(kept_service)
    rows = await owner.fetch("SELECT kind, first, last FROM recall_criterion ORDER BY first")
    await owner.close()
    assert list(map(tuple, rows)) == [("TERM", "ab1", ""), ("TERM", "batch42a", ""), ("RANGE", "l1", "l9")]


@pytest.mark.parametrize("kept_service", ["serials"], indirect=True)
async def test_kept_terms_become_a_notice(kept_service: str, tmp_path: Path) -> None:
    """The terms of a kept recall become the text of a notice, in which each of them stands (S46)."""
    owner = await migrate_to_first_revision(kept_service, tmp_path)
    await owner.execute(STANDING_HOLD)
    await migrate(kept_service)
    rows = await owner.fetch("SELECT hold_id, notice FROM standing_hold ORDER BY hold_id DESC")
    await owner.close()
    assert list(map(tuple, rows)) == [("R-1", "lot 7 b , sn-1"), ("H-1", "")]


@pytest.mark.parametrize("kept_service", ["lots"], indirect=True)
async def test_kept_marks_settle_the_only_customer_of_a_shipment(kept_service: str, tmp_path: Path) -> None:
    """A kept mark settles the only customer of its shipment; one of several settles none, and this is said (S46)."""
    owner = await migrate_to_first_revision(kept_service, tmp_path)
    await owner.execute(RECALL)
    await migrate(kept_service)
    rows = await owner.fetch("SELECT customer, outcome, note FROM recall_contact_status WHERE recall = 'R-1'")
    await owner.close()
    said = "settles no customer: DESTROYED was recorded for the whole shipment. by phone"
    assert sorted(map(tuple, rows)) == [
        ("ALPHA", None, said), ("BETA", None, said), ("GAMMA", "DESTROYED", "by phone"),
    ]  # fmt: skip
