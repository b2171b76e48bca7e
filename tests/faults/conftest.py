"""Fixtures of the fault tests: a separate stack whose servers may be killed, and the four services."""

import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from deploy.local.files import STACK
from deploy.local.stack import Stack
from deploy.prepare import prepare
from tests.faults.cluster import Cluster
from tests.faults.fault_report import FaultReport
from tests.faults.fixtures import define_locations
from tests.faults.upstream import UpstreamClient
from tests.support import auth

PARTITIONS = 4
REPORT = pytest.StashKey[FaultReport]()
CLUSTER = pytest.StashKey[Cluster]()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start separate servers: the proofs read all their data, and tests kill them."""
    STACK.mkdir(exist_ok=True)
    with Stack(Path(tempfile.mkdtemp(prefix="faults-", dir=STACK)), keep_data=False) as running:
        running.env.update(auth.ENVIRONMENT)
        prepare(running.env, partitions=PARTITIONS)
        yield running


@pytest.fixture(scope="session")
async def shared_cluster(stack: Stack) -> AsyncIterator[Cluster]:
    """Start the services and define the locations."""
    cluster = Cluster(stack, stack.env, stack.folder / "logs")
    try:
        await cluster.scale_to(1)
        async with UpstreamClient("locations", stack.env["KAFKA_BOOTSTRAP_SERVERS"]).open() as upstream:
            await define_locations(upstream)
        yield cluster
    finally:
        await cluster.stop_all()


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> FaultReport:
    """Provide the report printed at the end of the run."""
    return request.config.stash.setdefault(REPORT, FaultReport())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the fault report."""
    if REPORT in config.stash:
        terminalreporter.section("faults")
        for line in config.stash[REPORT].lines():
            terminalreporter.write_line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the last log lines of the replicas to a failure report; the logs are deleted with the stack."""
    report = yield
    if report.failed and (cluster := item.stash.get(CLUSTER, None)):
        report.sections += [(f"last lines of {log.name}", text) for log, text in cluster.recent_log_tails()]
    return report


@pytest.fixture
async def cluster(shared_cluster: Cluster, request: pytest.FixtureRequest) -> Cluster:
    """Provide the cluster with healthy replicas only; each test sets their number."""
    await shared_cluster.replace_faulty()
    request.node.stash[CLUSTER] = shared_cluster
    return shared_cluster


@pytest.fixture
async def upstream(cluster: Cluster, request: pytest.FixtureRequest) -> AsyncIterator[UpstreamClient]:
    """Provide an upstream client whose message ids begin with the name of the test."""
    name = request.node.name.removeprefix("test_")
    async with UpstreamClient(name, cluster.environment["KAFKA_BOOTSTRAP_SERVERS"]).open() as client:
        yield client
