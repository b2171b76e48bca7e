"""Public keys of an issuer, from a file or an address, read again when a key is unknown."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import jwt

from shared.auth.files import WatchedFile

log = logging.getLogger(__name__)
FETCH_SECONDS = 60.0
"""Least time between two fetches of keys, also if tokens name unknown ones."""
MAX_AGE_SECONDS = 600.0
"""Time after which fetched keys are fetched again, so that a withdrawn key ends."""
TIMEOUT = 5.0

Keys = Mapping[str, jwt.PyJWK]


class KeysUnavailableError(Exception):
    """The public keys of an issuer cannot be read: whether a token is valid is unknown."""


def parse_keys(content: bytes) -> Keys:
    """Return the keys of a JWKS by their ids; keys of unknown kinds are left out."""
    keys: dict[str, jwt.PyJWK] = {}
    for entry in json.loads(content or b'{"keys": []}')["keys"]:
        try:
            keys[str(entry.get("kid", ""))] = jwt.PyJWK.from_dict(entry)
        except jwt.PyJWTError as error:
            log.warning("key %s is not usable: %s", entry.get("kid"), error)
    return keys


class FileKeys:
    """Keys in a file."""

    def __init__(self, path: Path) -> None:
        self._file = WatchedFile(path, parse_keys)

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """Return a key; raises KeysUnavailableError if the file is missing or broken."""
        try:
            keys = self._file.read()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeysUnavailableError(f"{self._file.path}: {error}") from error
        if not keys:
            raise KeysUnavailableError(f"{self._file.path} has no keys")
        return keys.get(key_id)


class FetchedKeys:
    """Keys at an address."""

    def __init__(
        self, url: str, transport: httpx.AsyncBaseTransport | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url, self._transport, self._clock = url, transport, clock
        self._keys: Keys | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """Return a key; fetches keys at most once a minute if it is unknown, and renews old ones."""
        if self._is_due(key_id):
            async with self._lock:
                if self._is_due(key_id):
                    await self._fetch()
        if self._keys is None:
            raise KeysUnavailableError(f"{self._url} did not answer with keys")
        return self._keys.get(key_id)

    def _is_due(self, key_id: str) -> bool:
        now = self._clock()
        is_outdated = self._keys is None or key_id not in self._keys or now - self._fetched_at > MAX_AGE_SECONDS
        return is_outdated and now - self._tried_at >= FETCH_SECONDS

    async def _fetch(self) -> None:
        """Fetch the keys; known ones stay if the address does not answer."""
        self._tried_at = self._clock()
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=TIMEOUT) as client:
                response = await client.get(self._url)
            self._keys = parse_keys(response.raise_for_status().content)
            self._fetched_at = self._tried_at
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            log.warning("keys of %s could not be fetched: %s", self._url, error)


def open_keys(location: str) -> FileKeys | FetchedKeys:
    """Return the keys at a location: an address that starts with `http`, or a file."""
    return FetchedKeys(location) if location.startswith(("http://", "https://")) else FileKeys(Path(location))


def public_jwk(key: Any, key_id: str) -> dict[str, Any]:
    """Return the JWK of an Ed25519 public key."""
    jwk: dict[str, Any] = jwt.algorithms.OKPAlgorithm.to_jwk(key, as_dict=True)
    return jwk | {"kid": key_id, "use": "sig", "alg": "EdDSA"}
