"""Retries of transactions that conflict with concurrent ones."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from shared.ops.telemetry import TRANSACTION_CONFLICTS
from shared.persistence.errors import ErrorCategory, categorise_error, sqlstate

T = TypeVar("T")
log = logging.getLogger(__name__)
MAX_ATTEMPTS = 6


async def retry_on_conflict(service: str, run_transaction: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Run a whole transaction; run it again after a conflict, with growing random pauses."""
    for attempt in range(1, MAX_ATTEMPTS):
        try:
            return await run_transaction(*arguments)
        except Exception as error:
            if categorise_error(error) is not ErrorCategory.CONFLICT:
                raise
            code = sqlstate(error)
            TRANSACTION_CONFLICTS.labels(service, code).inc()
            log.info("transaction conflict (%s), retrying", code)
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter
    return await run_transaction(*arguments)
