"""Staging of a file: its rows are read, compared with those of earlier sendings, and stored in sets."""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.problems import Code
from shared.http.problems import ProblemError
from shared.imports import store
from shared.imports.comparison import UNKEYED
from shared.imports.files import FileError, FileOptions
from shared.imports.progress import ImportProgress, load_progress
from shared.imports.rows import read_rows
from shared.imports.store import Sending
from shared.imports.tables import read_table
from shared.persistence.database import transaction
from shared.persistence.retry import retry_on_conflict

STAGED_ROWS = 1000
"""Rows per transaction while a file is read."""


async def import_file(request: Request, sending: Sending, path: Path, options: FileOptions) -> ImportProgress:
    """Stage the rows of a file and let them be processed; a file that is no table changes nothing."""
    number, kind = sending.number, sending.kind
    engine: AsyncEngine = request.app.state.engine
    service = request.app.state.registry.service

    async def run(action: Callable[..., Any]) -> Any:
        async def run_transaction() -> Any:
            async with transaction(engine) as tx:
                return await action(tx)

        return await retry_on_conflict(service, run_transaction)

    try:
        if await run(lambda tx: store.find_previous(tx, sending)):  # what it holds must survive a file that is no table
            await asyncio.to_thread(lambda: deque(read_table(path, kind, options).lines, maxlen=0))
        job = await run(lambda tx: store.begin(tx, sending))
        try:
            rows = read_rows(path, kind, options)
            while batch := await asyncio.to_thread(lambda: list(islice(rows, STAGED_ROWS))):
                await run(lambda tx, batch=batch: store.stage(tx, job, kind, batch, replace=sending.replace))
        except FileError:
            await run(lambda tx: store.abandon(tx, job))
            raise
    except FileError as error:
        raise ProblemError(Code.INVALID_FILE, str(error), ids=[number]) from None
    await run(lambda tx: store.finish_reading(tx, job, UNKEYED))
    progress: ImportProgress = await run(lambda tx: load_progress(tx, number))
    return progress
