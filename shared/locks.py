"""The locks of a transaction: all of them, in one order, before anything is read."""

from collections.abc import Iterable

from sqlalchemy import text

from shared.database import Transaction

MAKE = text("""
    INSERT INTO lock (name) SELECT name FROM unnest(CAST(:names AS text[])) AS name ORDER BY name
    ON CONFLICT DO NOTHING
""")
# Not one statement with MAKE: a statement that waits for a lock still reads what stood there before its wait.
TAKE = text("""
    SELECT count(*) FROM (SELECT 1 FROM lock WHERE name = ANY(CAST(:names AS text[])) ORDER BY name FOR UPDATE) AS taken
""")


async def take(tx: Transaction, names: Iterable[str]) -> None:
    """Lock every name till the end of the transaction; whoever wants one of them waits here."""
    wanted = {"names": sorted(set(names))}
    if wanted["names"]:
        await tx.run(MAKE, wanted)
        await tx.rows(TAKE, wanted)
        tx.now = tx.clock()  # taken before the wait, it would be earlier than what others did under the lock meanwhile
