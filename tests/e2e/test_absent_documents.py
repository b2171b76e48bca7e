"""Queries of documents that no service knows: not yet available while messages may be in flight, then not found."""

import asyncio
import re

import httpx

from deploy.databases import SERVICES
from shared.http.reads import OPERATOR_LISTS
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def document_paths(system: SystemUnderTest, service: str) -> list[str]:
    """Return the path of each query of a document, with unknown identifiers."""
    document = await system.get_json(service, "/openapi.json")
    return [
        re.sub(r"{\w+}", "unknown", path)
        for path, operations in document["paths"].items()
        if "get" in operations and "{" in path and path.split("/")[1] not in OPERATOR_LISTS
    ]


def is_absent(response: httpx.Response) -> bool:
    """Whether a query that may be decided says so; asks for a retry otherwise."""
    assert response.status_code == 404, f"{response.url}: {response.status_code} {response.text}"
    is_provisional = response.json()["code"] == "not_yet_available"
    assert response.headers.get("Retry-After") == ("1" if is_provisional else None), response.url
    return not is_provisional


async def test_every_query_of_a_document_is_decided(system: SystemUnderTest) -> None:
    """Each answers not_yet_available or a final 404, and a final one in the end (S07)."""
    queries = [(service, path) for service in SERVICES for path in await document_paths(system, service)]
    assert len(queries) > 20, queries

    async def decide(service: str, path: str) -> None:
        async def is_decided() -> bool:
            return is_absent(await system.get(service, path))

        await wait_until(is_decided)

    await asyncio.gather(*(decide(service, path) for service, path in queries))
