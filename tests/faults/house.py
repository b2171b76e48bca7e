"""The services under fault: which replicas run, what their metrics say, and when everything has come to rest."""

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
from deploy.local.stack import Stack
from deploy.processes import Service, start, stop_all
from tests.faults.books import at_rest
from tests.timing import PATIENCE

FAST = {"KAFKA_SESSION_TIMEOUT_MS": "3000"}
"""A dead replica's partitions are given away soon, so that a test need not wait for it."""
METRIC = re.compile(r"^tracelot_(\w+)_total\{([^}]*)\} (\S+)$", re.MULTILINE)


class House:
    """Every running replica, by service."""

    def __init__(self, stack: Stack, environment: Mapping[str, str], logs: Path) -> None:
        self.stack, self.logs = stack, logs
        self.environment = {**environment, **FAST}
        self.replicas: dict[str, list[Service]] = {name: [] for name in SERVICES}
        self.injected = 0
        """Dead letters that tests made on purpose."""
        self.found: set[str] = set()
        """What proofs found wrong so far."""
        self._started: Counter[str] = Counter()
        self._counted: dict[str, Counter[tuple[str, str]]] = {}
        self._since = 0.0

    def __iter__(self) -> Iterator[Service]:
        """Give all replicas that were started and not stopped."""
        return (replica for replicas in self.replicas.values() for replica in replicas)

    def begin(self, name: str) -> Service:
        """Start a replica and return at once."""
        self._started[name] += 1
        replica = start(name, self.environment, self.logs, replica=self._started[name])
        self.replicas[name].append(replica)
        return replica

    def begin_sabotaged(self, name: str, *arguments: str) -> Service:
        """Start a replica that hurts itself where `arguments` say, see saboteur.py."""
        self._started[name] += 1
        (port,) = children.free_ports(1)
        log = self.logs / f"{name}-{self._started[name]}-sabotaged.log"
        command = [sys.executable, "-m", "tests.faults.saboteur", name, "--port", str(port), *arguments]
        process = children.spawn(command, log, environment={**os.environ, **self.environment}, folder=PROJECT)
        replica = Service(name, port, process, log)
        self.replicas[name].append(replica)
        return replica

    async def add(self, *names: str) -> list[Service]:
        """Start a replica of each, and wait until all are ready."""
        return await self.ready([self.begin(name) for name in names])

    async def add_sabotaged(self, name: str, *arguments: str) -> Service:
        """Start a replica that will hurt itself, and wait until it is ready."""
        return (await self.ready([self.begin_sabotaged(name, *arguments)]))[0]

    async def ready(self, replicas: Sequence[Service]) -> list[Service]:
        """Wait until they are."""
        await asyncio.gather(*(asyncio.to_thread(each.wait_ready, PATIENCE) for each in replicas))
        return list(replicas)

    def last_words(self, lines: int = 25) -> Iterator[tuple[Path, str]]:
        """Give the end of each log that was written since the test began."""
        for log in sorted(self.logs.glob("*.log")):
            if log.stat().st_mtime >= self._since:
                yield log, "\n".join(log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self, replica: Service) -> None:
        """End a replica as a power cut would."""
        replica.kill()
        self.replicas[replica.name].remove(replica)

    async def stop(self, replica: Service) -> int:
        """End a replica orderly; its exit code."""
        self.replicas[replica.name].remove(replica)
        return await asyncio.to_thread(replica.stop, PATIENCE)

    async def repair(self) -> None:
        """Take away what is dead, frozen or sabotaged, and have at least one sound replica of each service."""
        await self._take_away([each for each in self if not each.alive or "sabotaged" in each.log.name])
        await self.add(*(name for name, replicas in self.replicas.items() if not replicas))

    async def have(self, count: int) -> None:
        """Have so many replicas of each service, all of them ready, their metrics at nothing."""
        await self._take_away([each for replicas in self.replicas.values() for each in replicas[count:]])
        missing = {name: count - len(replicas) for name, replicas in self.replicas.items()}
        await self.add(*(name for name, more in missing.items() for _ in range(more)))
        await self.ready(list(self))
        self._since = time.time()
        self._counted = {replica.url: await _scrape(replica) for replica in self}

    async def _take_away(self, replicas: Sequence[Service]) -> None:
        for each in replicas:
            self.replicas[each.name].remove(each)
            each.thaw()
        await asyncio.to_thread(stop_all, replicas)

    async def leave(self) -> None:
        """Stop everything, orderly: each replica says so by its exit code."""
        for each in self:
            each.thaw()
        codes = await asyncio.gather(*(self.stop(each) for each in list(self)))
        assert set(codes) <= {0}, codes

    async def metrics(self) -> Counter[tuple[str, str]]:
        """Sum what all replicas alive have counted since, by metric and its labels other than the service."""
        found: Counter[tuple[str, str]] = Counter()
        for replica in self:
            counted = await _scrape(replica)
            counted.subtract(self._counted.get(replica.url, Counter()))
            found.update(counted)
        return found

    async def rest(self) -> float:
        """Wait until every outbox is empty and every record is taken, twice in a row; how long it took."""
        began, calm = time.monotonic(), 0
        while calm < 2:
            waiting = await at_rest(self.environment)
            calm = 0 if waiting else calm + 1
            if waiting and time.monotonic() - began > PATIENCE:
                raise AssertionError(f"no rest after {PATIENCE:.0f} s: {waiting}")
            await asyncio.sleep(0.1)
        return time.monotonic() - began


async def _scrape(replica: Service) -> Counter[tuple[str, str]]:
    def get() -> str:
        with urlopen(f"{replica.url}/metrics", timeout=PATIENCE) as answer:  # noqa: S310 - our own service
            return str(answer.read().decode())

    found: Counter[tuple[str, str]] = Counter()
    for name, labels, value in METRIC.findall(await asyncio.to_thread(get)):
        rest = ",".join(each for each in labels.split(",") if not each.startswith("service="))
        found[name, rest] += int(float(value))
    return found
