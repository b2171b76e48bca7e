"""Database privileges of receiving's login role."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from shared.persistence.database import transaction
from tests.integration.receiving.conftest import ReceivingHarness


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE unit SET serial = 'other'",
        "UPDATE unit SET sku = 'other'",
        "DELETE FROM unit",
        "TRUNCATE unit",
        "ALTER TABLE unit DISABLE TRIGGER ALL",
        "DELETE FROM discrepancy",
        "UPDATE discrepancy SET serial = 'other'",
        "UPDATE product_change SET actor = 'other'",
        "DELETE FROM product_change",
        "DELETE FROM location_change",
        "UPDATE return_unit SET serial = 'other'",
        "DELETE FROM receipt_line",
        "UPDATE lot_scan SET lot = 'other'",
        "UPDATE return_lot SET lot = 'other'",
        "DELETE FROM return_lot",
        "DELETE FROM shipped_lot",
        "UPDATE lot_disposition SET quantity = 1",
        "DELETE FROM lot_disposition",
    ],
)
async def test_login_role_cannot_alter_history(harness: ReceivingHarness, statement: str) -> None:
    """The login role cannot change serials or lot numbers, nor delete units or changes (S17, S18, S25)."""
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with transaction(harness.engine) as tx:
            await tx.execute(text(statement))
