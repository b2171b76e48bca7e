"""Row locks by key, acquired in one order at the start of a transaction, before any read."""

from collections.abc import Iterable

from sqlalchemy import text

from shared.persistence.database import Transaction

INSERT_MISSING = text("""
    INSERT INTO lock_key (name) SELECT name FROM unnest(CAST(:names AS text[])) AS name ORDER BY name
    ON CONFLICT DO NOTHING
""")
# Separate from INSERT_MISSING: a statement that waits for a lock still reads the snapshot taken before its wait.
LOCK_ROWS = text("""
    SELECT count(*)
    FROM (SELECT 1 FROM lock_key WHERE name = ANY(CAST(:names AS text[])) ORDER BY name FOR UPDATE) AS locked
""")


async def acquire(tx: Transaction, keys: Iterable[str]) -> None:
    """Lock all keys until the end of the transaction."""
    parameters = {"names": sorted(set(keys))}
    if parameters["names"]:
        await tx.execute(INSERT_MISSING, parameters)
        await tx.fetch_all(LOCK_ROWS, parameters)
        tx.now = tx.clock()  # after the wait: never earlier than changes by previous lock holders
