"""Retries of conflicting transactions, and descriptions of errors in log lines."""

import pytest
from prometheus_client import REGISTRY

from shared.ops.telemetry import describe_error
from shared.persistence.errors import ConcurrentUpdateError
from shared.persistence.retry import MAX_ATTEMPTS, retry_on_conflict


class FailingTransaction:
    """A transaction that raises an error a number of times, then returns its number of runs."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures, self.error, self.runs = failures, error, 0

    async def run(self) -> int:
        """Run once."""
        self.runs += 1
        if self.runs <= self.failures:
            raise self.error
        return self.runs


def conflict_count(service: str) -> float:
    """Read the metric of conflicts."""
    labels = {"service": service, "sqlstate": ConcurrentUpdateError.sqlstate}
    return REGISTRY.get_sample_value("tracelot_transaction_conflicts_total", labels) or 0


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.persistence.retry.random.uniform", lambda *_: 0)


async def test_conflicts_are_retried_and_counted() -> None:
    """The last attempt may succeed; each conflict before it is counted."""
    transaction = FailingTransaction(MAX_ATTEMPTS - 1, ConcurrentUpdateError())
    assert await retry_on_conflict("last-attempt", transaction.run) == MAX_ATTEMPTS
    assert conflict_count("last-attempt") == MAX_ATTEMPTS - 1


async def test_persistent_conflict_is_raised() -> None:
    """The conflict of the last attempt is raised."""
    transaction = FailingTransaction(MAX_ATTEMPTS, ConcurrentUpdateError())
    with pytest.raises(ConcurrentUpdateError):
        await retry_on_conflict("persistent", transaction.run)
    assert transaction.runs == MAX_ATTEMPTS


async def test_other_errors_are_not_retried() -> None:
    """An error that is no conflict is raised at once and not counted."""
    transaction = FailingTransaction(1, KeyError("column"))
    with pytest.raises(KeyError):
        await retry_on_conflict("other", transaction.run)
    assert (transaction.runs, conflict_count("other")) == (1, 0)


def test_error_is_described_in_one_short_line() -> None:
    """Only the first line of an error is kept, up to 500 characters."""
    assert describe_error(ValueError("first\nsecond")) == "ValueError: first"
    assert len(describe_error(ValueError("x" * 900))) == 500
