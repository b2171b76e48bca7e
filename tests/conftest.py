"""Fixtures for all tests: real servers, started once, and the environment of the services."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploy.local import files
from deploy.local.files import STACK
from deploy.local.stack import Stack
from deploy.prepare import prepare
from shared.persistence import database, urls
from tests.support import auth
from tests.support.timing import MAX_WAIT_SECONDS

pytest_plugins = ["tests.support.search_plans", "tests.support.statement_report", "tests.support.time_zones"]

# Examples have no deadline: cores may be busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
# Engines of the tests have relaxed timeouts; services keep their limits.
database.CONNECTION_WAIT = urls.CONNECT_ATTEMPT_SECONDS = MAX_WAIT_SECONDS
database.SESSION_SETTINGS |= dict.fromkeys(
    ("idle_in_transaction_session_timeout", "transaction_timeout"), f"{MAX_WAIT_SECONDS:.0f}s"
)

os.environ.update(auth.ENVIRONMENT)

PARTITIONS = 4  # enough for two replicas, and faster to create and assign than the default of twelve


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start Kafka and PostgreSQL with empty databases, or use those that the environment names."""
    STACK.mkdir(exist_ok=True)
    for leftover in STACK.glob("tests-*"):  # of killed runs
        if (lock_fd := files.try_lock(leftover / "lock")) is not None:
            os.close(lock_fd)
            shutil.rmtree(leftover)
    with Stack(Path(tempfile.mkdtemp(prefix="tests-", dir=STACK)), keep_data=False) as running:
        yield running


@pytest.fixture(scope="session")
def environment(stack: Stack) -> Iterator[Mapping[str, str]]:
    """Create topics and tables, and set the environment of this process like that of a service."""
    stack.env.update(auth.ENVIRONMENT)
    prepare(stack.env, partitions=PARTITIONS)
    previous = dict(os.environ)
    os.environ.update(stack.env)
    yield stack.env
    os.environ.clear()
    os.environ.update(previous)
