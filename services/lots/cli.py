"""Commands of the lots service, available as `tracelot lots`.

`recall` opens a recall over the HTTP API of lots, waits until it is complete, and prints the result. A mock recall
(--mock) holds no stock; it measures the time and the percentage of received stock accounted for.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer

from shared.cli.connections import bearer, fail
from shared.identifiers import resource_path

COMPLETION_TIMEOUT = 60.0
"""Seconds within which all services have to report."""
PAGE_SIZE = 500

app = typer.Typer(no_args_is_help=True, help="Open recalls over the HTTP API of lots.")


@app.command()
def recall(
    name: Annotated[str, typer.Argument(help="id of the recall")],
    *,
    url: Annotated[str, typer.Option(help="base URL of the lots service", envvar="LOTS_URL")],
    token: Annotated[str, typer.Option(help="token of a supervisor who opens the recall", envvar="TRACELOT_TOKEN")],
    reason: Annotated[str, typer.Option(help="reason of the recall")],
    lot: Annotated[list[str] | None, typer.Option(help="lot as SKU=LOT or LOT; repeatable")] = None,
    serial: Annotated[list[str] | None, typer.Option(help="serial number as SKU=SERIAL or SERIAL; repeatable")] = None,
    notice: Annotated[
        Path | None,
        typer.Option(
            help="text file with the recall notice; - for standard input", exists=True, dir_okay=False, allow_dash=True
        ),
    ] = None,
    sku: Annotated[list[str] | None, typer.Option(help="product to which the notice is limited; repeatable")] = None,
    date_order: Annotated[str | None, typer.Option(help="order of dates in the notice: DMY, MDY or YMD")] = None,
    mock: Annotated[bool, typer.Option(help="mock recall: hold no stock")] = False,
    dry_run: Annotated[bool, typer.Option(help="show what the recall of this id would hold")] = False,
) -> None:
    """Open a recall, wait until it is complete, and print the affected stock."""
    command = {
        "recall": name,
        "reason": reason,
        "mock": mock,
        "dry_run": dry_run,
        "skus": sku or [],
        "date_order": date_order,
        "lots": [_parse_identifier("lot", identifier) for identifier in lot or ()],
        "serials": [_parse_identifier("serial", identifier) for identifier in serial or ()],
        "text": _read_notice(notice),
    }
    try:
        with httpx.Client(base_url=url, timeout=30, headers=bearer(token)) as client:
            start = time.perf_counter()
            _check_response(client.post("/recalls", json=command, headers={"Idempotency-Key": str(uuid4())}))
            recall_status = _wait_until_complete(client, name)
            lists = {key: list(_iterate_pages(client, path)) for key, path in recall_status["lists"].items()}
            seconds = time.perf_counter() - start
    except (httpx.TransportError, httpx.InvalidURL) as error:
        fail(f"no answer from {url} ({error}): start the lots service, and set --url or LOTS_URL to its base URL")
    for report_line in _format_report(recall_status, lists, seconds):
        typer.echo(report_line)
    if any(row["difference"] for row in lists["reconciliation"]):
        raise typer.Exit(1)


def _parse_identifier(kind: str, identifier: str) -> dict[str, str]:
    sku, equals, item = identifier.partition("=")
    return {"sku": sku, kind: item} if equals else {kind: identifier}


def _read_notice(notice: Path | None) -> str:
    if notice is None:
        return ""
    try:
        return (sys.stdin.buffer.read() if str(notice) == "-" else notice.read_bytes()).decode()
    except UnicodeDecodeError:
        raise typer.BadParameter("the notice is not UTF-8 text: save it as UTF-8", param_hint="--notice") from None


def _check_response(response: httpx.Response) -> Any:
    if response.is_error:
        fail(response.text or f"{response.url} answered {response.status_code}")
    try:
        return response.json()
    except ValueError:
        fail(f"{response.url} did not answer with JSON: set --url or LOTS_URL to the base URL of the lots service")


def _wait_until_complete(client: httpx.Client, name: str) -> Any:
    deadline, path = time.monotonic() + COMPLETION_TIMEOUT, resource_path("recalls", name)
    while not (status := _check_response(client.get(path)))["complete_at"]:
        if time.monotonic() > deadline:
            fail(f"{status['outstanding']} products are incomplete after {COMPLETION_TIMEOUT:.0f} s")
        time.sleep(0.05)
    return status


def _iterate_pages(client: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = _check_response(client.get(path, params={"limit": PAGE_SIZE} | ({"cursor": cursor} if cursor else {})))
        yield from page["items"]
        cursor = page["next"]
        if not cursor:
            return


def _format_report(
    recall_status: dict[str, Any], lists: dict[str, list[dict[str, Any]]], seconds: float
) -> Iterator[str]:
    kind = "Dry run" if recall_status["dry_run"] else "Mock recall" if recall_status["mock"] else "Recall"
    yield f"{kind} {recall_status['recall']}: complete after {seconds:.2f} s"
    for product in recall_status["products"]:
        yield f"  {product['sku']}: lots {', '.join(product['lots']) or '-'}, {product['units']} units"
    yield from _format_reading(recall_status["reading"])
    for row in lists["stock"]:
        yield f"  in stock  {row['location']}\t{row['sku']} {row['lot_or_serial']}\t{row['on_hand']}"
    for row in lists["orders"]:
        yield f"  blocked   {row['order']}\t{row['sku']} {row['lot_or_serial']}\t{row['quantity']} {row['status']}"
    for row in lists["contacts"]:
        contact = f"{row['customer']} {row['customer_name']} {row['contact']}".strip()
        yield f"  contact   {contact}\t{row['shipment']}\t{row['sku']} {row['lot_or_serial']}\t{row['quantity']}"
    total_received = sum(row["received"] + row["returned"] + row["count_gain"] for row in lists["reconciliation"])
    total_difference = sum(abs(row["difference"]) for row in lists["reconciliation"])
    if total_received:
        yield f"  {100 * (1 - total_difference / total_received):.1f} % of {total_received} accounted for"


def _format_reading(reading: dict[str, Any]) -> Iterator[str]:
    for product in reading["products"]:
        effect = "limits the recall" if product["limits"] else "list it with --sku to limit the recall"
        yield f"  product   {product['sku']} {product['name']}\t{product['by']} {product['text']}\t{effect}"
    for period in reading["dates"]:
        effect = "applies" if period["applies"] else "does not apply without --sku"
        yield f"  date      {period['text']}\t{period['first_day'] or ''}..{period['last_day'] or ''}\t{effect}"
    for text in reading["ambiguous_dates"]:
        yield f"  unclear   {text}\tchoose --date-order"
    for text in (*reading["unread_ranges"], *reading["unmatched"]):
        yield f"  unmatched {text}"
    for lot in reading["elsewhere"]:
        yield f"  elsewhere {lot['sku']} {lot['lot']}\tnot held"
