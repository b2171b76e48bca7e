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
