"""What every test may ask for: real servers, started once, and an environment in which the services would run."""

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
from shared import database
from tests.timing import PATIENCE

pytest_plugins = ["tests.searching", "tests.statements", "tests.zones"]

# No example is judged by its time: cores may be busy.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
# Nor a transaction of the tests' own engines; services keep their limits.
database.CONNECTION_WAIT = PATIENCE
database.SESSION |= dict.fromkeys(("idle_in_transaction_session_timeout", "transaction_timeout"), f"{PATIENCE:.0f}s")

PARTITIONS = 4  # enough for two replicas to share, and quicker to create and assign than the twelve of a real one


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start Kafka and PostgreSQL with empty databases, or use those that the environment names."""
    STACK.mkdir(exist_ok=True)
    for left in STACK.glob("tests-*"):  # by runs that were killed
        if (held := files.lock(left / "lock")) is not None:
            os.close(held)
            shutil.rmtree(left)
    with Stack(Path(tempfile.mkdtemp(prefix="tests-", dir=STACK)), keep=False) as running:
        yield running


@pytest.fixture(scope="session")
def environment(stack: Stack) -> Iterator[Mapping[str, str]]:
    """Create topics and tables, and set this process's environment as a service's would be."""
    prepare(stack.env, partitions=PARTITIONS)
    before = dict(os.environ)
    os.environ.update(stack.env)
    yield stack.env
    os.environ.clear()
    os.environ.update(before)
