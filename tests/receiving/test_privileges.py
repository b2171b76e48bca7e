"""What receiving's own role may not do."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from shared.database import transaction
from tests.receiving.conftest import Line


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
        "DELETE FROM place_change",
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
async def test_what_was_once_known_stays(floor: Line, statement: str) -> None:
    """The role can change no serial's or lot's text, and forget no unit, discrepancy or change (S17, S18, S25)."""
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with transaction(floor.engine) as tx:
            await tx.run(text(statement))
