"""The engine of a service's own database, and the transaction that handlers get."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, TextClause
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7


def new_id() -> str:
    """A fresh UUIDv7: ids of one process sort by age, which keeps indexes dense."""
    return str(uuid7())


class Transaction:
    """One open database transaction; it has neither commit nor rollback, which are the line's."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.now = datetime.now(UTC)
        """The time that every decision in this transaction is taken at."""
        self.statements = 0
        """How many statements it has sent: never more for more units."""

    async def rows(self, statement: TextClause, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Run a statement and fetch what it returns."""
        self.statements += 1
        return (await self._connection.execute(statement, values or {})).all()

    async def run(self, statement: TextClause, values: Mapping[str, Any] | None = None) -> int:
        """Run a statement that returns nothing; how many rows it touched."""
        self.statements += 1
        return (await self._connection.execute(statement, values or {})).rowcount
