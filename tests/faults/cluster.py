"""The services under test: running replicas, their metrics, and quiescence."""

import asyncio
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.request import urlopen

from deploy.databases import SERVICES
from deploy.local import children
from deploy.local.files import PROJECT
from deploy.local.ports import reserve_port
from deploy.local.stack import Stack
from deploy.processes import Service, service_environment, start, stop_all
from tests.faults.snapshots import pending_work
from tests.support.timing import MAX_WAIT_SECONDS

FAST_SETTINGS = {"KAFKA_SESSION_TIMEOUT_MS": "3000", "NOT_FOUND_AFTER_SECONDS": "3600"}
"""Short session timeout: Kafka reassigns the partitions of a dead replica soon."""
METRIC = re.compile(r"^tracelot_(\w+)_total\{([^}]*)\} (\S+)$", re.MULTILINE)


class Cluster:
    """All running replicas by service."""

    def __init__(self, stack: Stack, environment: Mapping[str, str], logs: Path) -> None:
        self.stack, self.logs = stack, logs
        self.environment = {**environment, **FAST_SETTINGS}
        self.replicas: dict[str, list[Service]] = {name: [] for name in SERVICES}
        self.injected_dead_letters = 0
        """Dead letters caused by tests on purpose."""
        self.known_problems: set[str] = set()
        """Problems found by proofs so far."""
        self._start_counts: Counter[str] = Counter()
        self._metric_baselines: dict[str, Counter[tuple[str, str]]] = {}
        self._test_started_at = 0.0

    def __iter__(self) -> Iterator[Service]:
        """Iterate over all replicas that were started and not stopped."""
        return (replica for replicas in self.replicas.values() for replica in replicas)

    def start_replica(self, name: str) -> Service:
        """Start a replica without waiting for readiness."""
        self._start_counts[name] += 1
        replica = start(name, self.environment, self.logs, replica=self._start_counts[name])
        self.replicas[name].append(replica)
        return replica

    def start_faulty_replica(self, name: str, *arguments: str) -> Service:
        """Start a replica with an injected fault; for `arguments` see fault_injector.py."""
        self._start_counts[name] += 1
        port = reserve_port()
        log = self.logs / f"{name}-{self._start_counts[name]}-faulty.log"
        command = [sys.executable, "-m", "tests.faults.fault_injector", name, "--port", str(port), *arguments]
        environment = service_environment(name, {**os.environ, **self.environment})
        process = children.spawn(command, log, environment=environment, folder=PROJECT)
        replica = Service(name, port, process, log)
        self.replicas[name].append(replica)
        return replica

    async def add_replicas(self, *names: str) -> list[Service]:
        """Start a replica of each service and wait until all are ready."""
        return await self.wait_until_ready([self.start_replica(name) for name in names])

    async def add_faulty_replica(self, name: str, *arguments: str) -> Service:
        """Start a replica with an injected fault and wait until it is ready."""
        return (await self.wait_until_ready([self.start_faulty_replica(name, *arguments)]))[0]

    async def wait_until_ready(self, replicas: Sequence[Service]) -> list[Service]:
        """Wait until the replicas are ready."""
        await asyncio.gather(*(asyncio.to_thread(replica.wait_ready, MAX_WAIT_SECONDS) for replica in replicas))
        return list(replicas)

    def recent_log_tails(self, lines: int = 25) -> Iterator[tuple[Path, str]]:
        """Yield the last lines of each log written since the test began."""
        for log in sorted(self.logs.glob("*.log")):
            if log.stat().st_mtime >= self._test_started_at:
                yield log, "\n".join(log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self, replica: Service) -> None:
        """Kill a replica (SIGKILL)."""
        replica.kill()
        self.replicas[replica.name].remove(replica)

    async def stop(self, replica: Service) -> int:
        """Stop a replica (SIGTERM) and return its exit code."""
        self.replicas[replica.name].remove(replica)
        return await asyncio.to_thread(replica.stop, MAX_WAIT_SECONDS)

    async def replace_faulty(self) -> None:
        """Remove dead and faulty replicas; start a healthy one for each service without any."""
        await self._remove([replica for replica in self if not replica.is_alive or "faulty" in replica.log.name])
        await self.add_replicas(*(name for name, replicas in self.replicas.items() if not replicas))

    async def scale_to(self, count: int) -> None:
        """Run `count` ready replicas of each service and reset the metrics."""
        await self._remove([replica for replicas in self.replicas.values() for replica in replicas[count:]])
        missing = {name: count - len(replicas) for name, replicas in self.replicas.items()}
        await self.add_replicas(*(name for name, shortfall in missing.items() for _ in range(shortfall)))
        await self.wait_until_ready(list(self))
        self._test_started_at = time.time()
        self._metric_baselines = {replica.url: await _scrape_metrics(replica) for replica in self}

    async def _remove(self, replicas: Sequence[Service]) -> None:
        for replica in replicas:
            self.replicas[replica.name].remove(replica)
            replica.thaw()
        await asyncio.to_thread(stop_all, replicas)

    async def stop_all(self) -> None:
        """Stop all replicas; each must exit with code 0."""
        for replica in self:
            replica.thaw()
        codes = await asyncio.gather(*(self.stop(replica) for replica in list(self)))
        assert set(codes) <= {0}, codes

    async def metrics(self) -> Counter[tuple[str, str]]:
        """Return the counters of all running replicas since the reset, by metric and labels without the service."""
        totals: Counter[tuple[str, str]] = Counter()
        for replica in self:
            current = await _scrape_metrics(replica)
            current.subtract(self._metric_baselines.get(replica.url, Counter()))
            totals.update(current)
        return totals

    async def wait_until_quiescent(self) -> float:
        """Wait until all outboxes are empty and all records consumed, twice in a row; return the seconds."""
        started_at, quiet_checks = time.monotonic(), 0
        while quiet_checks < 2:
            pending = await pending_work(self.environment)
            quiet_checks = 0 if pending else quiet_checks + 1
            if pending and time.monotonic() - started_at > MAX_WAIT_SECONDS:
                raise AssertionError(f"not quiescent after {MAX_WAIT_SECONDS:.0f} s: {pending}")
            await asyncio.sleep(0.1)
        return time.monotonic() - started_at


async def _scrape_metrics(replica: Service) -> Counter[tuple[str, str]]:
    def fetch() -> str:
        with urlopen(f"{replica.url}/metrics", timeout=MAX_WAIT_SECONDS) as response:  # noqa: S310 - our own service
            return str(response.read().decode())

    metrics: Counter[tuple[str, str]] = Counter()
    for name, labels, value in METRIC.findall(await asyncio.to_thread(fetch)):
        other_labels = ",".join(label for label in labels.split(",") if not label.startswith("service="))
        metrics[name, other_labels] += int(float(value))
    return metrics
