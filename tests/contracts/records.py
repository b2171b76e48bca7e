"""Existing records of a service, so that generated requests reach resources instead of 404."""

from typing import Any
from zlib import crc32

import httpx

from tests.support.auth import bearer

RECORDS_VARIABLE = "CONTRACT_TEST_RECORDS"
PAGE_SIZE = 50
Record = dict[str, str]


def collect_records(url: str) -> list[Record]:
    """Read the first page of every list without path parameters; each record has the texts of one item."""
    records: list[Record] = []
    with httpx.Client(base_url=url, timeout=30, headers=bearer()) as client:
        for path, methods in client.get("/openapi.json").json()["paths"].items():
            names = {parameter["name"] for parameter in methods.get("get", {}).get("parameters", [])}
            if "cursor" in names and "{" not in path:
                response = client.get(path, params={"limit": PAGE_SIZE})
                items = response.json()["items"] if response.is_success else []
                records += [texts for item in items if (texts := _texts_of(item, path))]
    return records


def _texts_of(item: dict[str, Any], path: str) -> Record:
    """Return the texts of an item under the names of path parameters and bodies."""
    texts = {name: value for name, value in item.items() if isinstance(value, str) and value}
    if isinstance(item.get("id"), int):
        texts[path.strip("/").removesuffix("s").replace("-", "_")] = str(item["id"])  # /rejections: {rejection}
    if "/" in texts.get("location", ""):
        texts["warehouse"], _, texts["code"] = texts["location"].partition("/")
    return {name.removesuffix("_id"): value for name, value in texts.items()} | texts


def choose(records: list[Record], names: set[str], generated: str, *, is_complete: bool) -> Record:
    """Choose one of the records with all names, or with most of them, by a checksum; none in half of the cases."""
    checksum = crc32(generated.encode(errors="surrogatepass"))
    most = len(names) if is_complete else max((len(names & record.keys()) for record in records), default=0)
    matching = [record for record in records if most and len(names & record.keys()) == most]
    return matching[checksum // 2 % len(matching)] if matching and checksum % 2 else {}
