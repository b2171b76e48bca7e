"""`tracelot recall`: find what a notice touches over the HTTP of lots, wait for every answer, say what was found.

With --mock nothing is held: an exercise, timed, that says how much of what ever came is accounted for.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer

from shared.identifiers import address_of

PATIENCE = 60.0
"""Seconds in which every owner of stock has to have answered."""
AT_ONCE = 500


def recall(
    name: Annotated[str, typer.Argument(help="what the recall is called")],
    *,
    url: Annotated[str, typer.Option(help="where lots is", envvar="LOTS_URL")],
    actor: Annotated[str, typer.Option(help="who opens it")],
    reason: Annotated[str, typer.Option()],
    lot: Annotated[list[str] | None, typer.Option(help="a lot, SKU=LOT or LOT; may be repeated")] = None,
    serial: Annotated[list[str] | None, typer.Option(help="a serial, SKU=SERIAL or SERIAL; may be repeated")] = None,
    notice: Annotated[Path | None, typer.Option(help="a file with the notice as text; - reads standard input")] = None,
    mock: Annotated[bool, typer.Option(help="an exercise: nothing is held")] = False,
) -> None:
    """Open a recall, wait until all of it is known, and show it."""
    wish = {
        "recall": name,
        "reason": reason,
        "mock": mock,
        "lots": [_named("lot", one) for one in lot or ()],
        "serials": [_named("serial", one) for one in serial or ()],
        "text": _text(notice),
    }
    with httpx.Client(base_url=url, timeout=30) as client:
        start = time.perf_counter()
        _checked(client.post("/recalls", json=wish, headers={"X-Actor": actor, "Idempotency-Key": str(uuid4())}))
        found = _complete(client, name)
        lists = {one: list(_all(client, address)) for one, address in found["lists"].items()}
        seconds = time.perf_counter() - start
    for line in _told(found, lists, seconds):
        typer.echo(line)
    if any(row["difference"] for row in lists["reconciliation"]):
        raise typer.Exit(1)


def _named(kind: str, given: str) -> dict[str, str]:
    sku, equals, item = given.partition("=")
    return {"sku": sku, kind: item} if equals else {kind: given}


def _text(notice: Path | None) -> str:
    if notice is None:
        return ""
    return sys.stdin.read() if str(notice) == "-" else notice.read_text(encoding="utf-8")


def _checked(answer: httpx.Response) -> Any:
    if answer.is_error:
        typer.echo(answer.text, err=True)
        raise typer.Exit(1)
    return answer.json()


def _complete(client: httpx.Client, name: str) -> Any:
    deadline, address = time.monotonic() + PATIENCE, address_of("recalls", name)
    while not (found := _checked(client.get(address)))["complete_at"]:
        if time.monotonic() > deadline:
            typer.echo(f"{found['outstanding']} products have not been answered after {PATIENCE:.0f} s", err=True)
            raise typer.Exit(1)
        time.sleep(0.05)
    return found


def _all(client: httpx.Client, address: str) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = _checked(client.get(address, params={"limit": AT_ONCE} | ({"cursor": cursor} if cursor else {})))
        yield from page["items"]
        cursor = page["next"]
        if not cursor:
            return


def _told(found: dict[str, Any], lists: dict[str, list[dict[str, Any]]], seconds: float) -> Iterator[str]:
    kind = "Mock recall" if found["mock"] else "Recall"
    yield f"{kind} {found['recall']}: all known after {seconds:.2f} s"
    for product in found["products"]:
        yield f"  {product['sku']}: lots {', '.join(product['lots']) or '-'}, {product['units']} units"
    for row in lists["stock"]:
        yield f"  in stock  {row['location']}\t{row['sku']} {row['item']}\t{row['on_hand']}"
    for row in lists["orders"]:
        yield f"  blocked   {row['order']}\t{row['sku']} {row['item']}\t{row['quantity']} {row['status']}"
    for row in lists["calls"]:
        who = f"{row['customer']} {row['customer_name']} {row['contact']}".strip()
        yield f"  call      {who}\t{row['shipment']}\t{row['sku']} {row['item']}\t{row['quantity']}"
    came = sum(row["received"] + row["returned"] + row["counted_up"] for row in lists["reconciliation"])
    lost = sum(abs(row["difference"]) for row in lists["reconciliation"])
    if came:
        yield f"  {100 * (1 - lost / came):.1f} % of {came} is accounted for"
