"""Passes the names of changed things to the connections that watch them; never data."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from shared.messaging.feed import FeedEvent

PAUSE_SECONDS = 0.25
"""Shortest time between two notices to a connection; what happens between them is told once."""
KINDS = ("receipt", "order", "shipment", "recall", "sku", "return_id")
COUNTS = "counts"
MAX_SERIALS = 500


def names_of(event: FeedEvent) -> set[str]:
    """Return the names of everything that an event is about."""
    data = event.data
    names = {f"{kind}:{value}" for kind in KINDS if isinstance(value := data.get(kind), str) and value}
    sku, serials = data.get("sku"), data.get("serials")
    if isinstance(serials, list):
        names |= {f"unit:{sku}/{serial}" for serial in serials[:MAX_SERIALS] if isinstance(serial, str)}
    if isinstance(lot := data.get("lot"), str) and lot:
        names.add(f"lot:{sku}/{lot}")
    return names | {COUNTS}


class Connection:
    """A page that watches some names."""

    def __init__(self, watched: set[str]) -> None:
        self.watched = watched
        self._changed: set[str] = set()
        self._wake = asyncio.Event()

    def notice(self, names: set[str]) -> None:
        """Remember which of the watched names changed."""
        self._changed |= names
        self._wake.set()

    async def kinds(self, seconds: float) -> AsyncIterator[list[str]]:
        """Yield the kinds of what changed; an empty list after some seconds without a change."""
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), seconds)
            except TimeoutError:
                yield []
                continue
            self._wake.clear()
            changed, self._changed = self._changed, set()
            yield sorted({name.partition(":")[0] for name in changed})
            await asyncio.sleep(PAUSE_SECONDS)


class Hub:
    """All connections by the names that they watch."""

    def __init__(self) -> None:
        self._by_name: defaultdict[str, set[Connection]] = defaultdict(set)

    def receive(self, event: FeedEvent) -> None:
        """Pass an event's names on."""
        for name in names_of(event):
            for connection in self._by_name.get(name, ()):
                connection.notice({name})

    @contextmanager
    def connect(self, watched: set[str]) -> Iterator[Connection]:
        """Watch names within the context."""
        connection = Connection(watched)
        for name in watched:
            self._by_name[name].add(connection)
        try:
            yield connection
        finally:
            for name in watched:
                self._by_name[name].discard(connection)
                if not self._by_name[name]:
                    del self._by_name[name]
