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
    ],
)
async def test_what_was_once_known_stays(floor: Line, statement: str) -> None:
    """The service's role can neither change a serial's text nor forget a unit, a discrepancy or a change (S17, S18)."""
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with transaction(floor.engine) as tx:
            await tx.run(text(statement))
