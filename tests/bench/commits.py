"""Servers whose PostgreSQL remembers when each transaction was committed: a clock that no poll blurs."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from deploy.local.stack import Stack
from tests.bench.warehouse import servers


async def _remember(superuser_url: str) -> None:
    superuser = await asyncpg.connect(superuser_url)
    await superuser.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    await superuser.close()


@contextmanager
def timed_servers(where: Path) -> Iterator[Stack]:
    """Servers as for any bench, commit times kept."""
    with servers(where) as stack:
        if stack.postgres is None:
            raise RuntimeError("commit times need a PostgreSQL that the bench may restart")
        asyncio.run(_remember(stack.postgres.superuser_url))
        stack.restart_postgres("fast")
        yield stack
