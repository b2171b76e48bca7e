"""A stack of its own, whose servers may be killed, and the four services on it, for all fault tests together."""

import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from deploy.local.files import STACK
from deploy.local.stack import Stack
from deploy.prepare import prepare
from tests.faults.ground import define_places
from tests.faults.house import House
from tests.faults.outside import Outside
from tests.faults.table import Table

PARTITIONS = 4
TABLE = pytest.StashKey[Table]()
HOUSE = pytest.StashKey[House]()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start servers apart from those of the other tests: what lies on them is proven whole, and they are killed."""
    STACK.mkdir(exist_ok=True)
    with Stack(Path(tempfile.mkdtemp(prefix="faults-", dir=STACK)), keep=False) as running:
        prepare(running.env, partitions=PARTITIONS)
        yield running


@pytest.fixture(scope="session")
async def standing(stack: Stack) -> AsyncIterator[House]:
    """Start the services and define the places."""
    house = House(stack, stack.env, stack.folder / "logs")
    try:
        await house.have(1)
        async with Outside("places", stack.env["KAFKA_BOOTSTRAP_SERVERS"]).open() as outside:
            await define_places(outside)
        yield house
    finally:
        await house.leave()


@pytest.fixture(scope="session")
def table(request: pytest.FixtureRequest) -> Table:
    """Give the table that the run ends with."""
    return request.config.stash.setdefault(TABLE, Table())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show what the faults came to."""
    if TABLE in config.stash:
        terminalreporter.section("faults")
        for line in config.stash[TABLE].lines():
            terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the replicas had to say last; their logs go with the stack."""
    report = yield
    if report.failed and (house := item.stash.get(HOUSE, None)):
        report.sections += [(f"the end of {log.name}", text) for log, text in house.last_words()]
    return report


@pytest.fixture
async def house(standing: House, request: pytest.FixtureRequest) -> House:
    """Give the house with sound replicas only, whatever the test before left of it; how many a test says itself."""
    await standing.repair()
    request.node.stash[HOUSE] = standing
    return standing


@pytest.fixture
async def outside(house: House, request: pytest.FixtureRequest) -> AsyncIterator[Outside]:
    """Give an outside that names its messages after the test."""
    name = request.node.name.removeprefix("test_")
    async with Outside(name, house.environment["KAFKA_BOOTSTRAP_SERVERS"]).open() as opened:
        yield opened
