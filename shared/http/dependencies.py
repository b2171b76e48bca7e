"""FastAPI dependencies: a read-only transaction for queries."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from shared.persistence.database import Transaction, read_only


async def _read_transaction(request: Request) -> AsyncIterator[Transaction]:
    async with read_only(request.app.state.engine) as tx:
        yield tx


# Closed before the response is sent: a slow client must not occupy a connection.
ReadTransaction = Annotated[Transaction, Depends(_read_transaction, scope="function")]
