"""The dependency of a query: a transaction that can only read."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from shared.database import Transaction, reading


async def _reading(request: Request) -> AsyncIterator[Transaction]:
    async with reading(request.app.state.engine) as tx:
        yield tx


# Given back before the answer is sent: a slow reader must not keep a connection.
Reading = Annotated[Transaction, Depends(_reading, scope="function")]
