"""Limits of concurrent requests to one service."""

from asyncio import Semaphore


class RequestSlots:
    """Requests about documents wait together for what is in flight; others, such as files, are sent one by one."""

    def __init__(self) -> None:
        self._documents, self._others = Semaphore(5), Semaphore(1)

    def of(self, path: str) -> Semaphore:
        """Return the limit of requests to a path of an OpenAPI document."""
        return self._documents if "{" in path else self._others
