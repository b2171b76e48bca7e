"""Senders of imports: their saved mappings, the list of imports, and files that are sent again."""

import csv
import io

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.import_requests import ANNA, command, counts, errors, process, send

MAPPING = {
    "headers": [{"header": "Artikel", "column": "sku"}, {"header": "Farbe"}, {"header": "sku", "column": "name"}],
    "date_format": "DD.MM.YYYY", "delimiter": "semicolon",
}  # fmt: skip


async def test_mappings_are_kept_by_sender(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """S45: the mapping of a sender is set, shown, listed and deleted; a wrong column is named."""
    sender = f"Müller {harness.scoped_id('M')}/A"
    path = f"/import-mappings/{sender.replace('/', '%2F')}/products"
    wrong = await command(http, path, {"headers": [{"header": "Artikel", "column": "sq"}]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "headers.0.column")
    saved = await command(http, path, MAPPING)
    assert (saved.status_code, saved.json()["changed_by"]) == (200, "anna"), saved.text
    shown = (await http.get(path)).json()
    assert shown == saved.json()
    assert (shown["sender"], shown["headers"][0]) == (sender, {"header": "Artikel", "column": "sku"})
    listed = (await http.get("/import-mappings", params={"sender": sender})).json()
    assert listed == {"items": [shown], "next": None}
    assert (await command(http, f"{path}/delete")).json() == shown
    assert (await http.get(path)).json()["code"] == "import_mapping_not_found"
    assert (await http.get("/import-mappings/x/colours")).status_code == 400


async def test_mapping_of_the_sender_is_the_default(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: the next file of a sender is read by its mapping, its list of errors by our own headers."""
    sku = harness.scoped_id("NEW")
    await command(http, f"/import-mappings/{number}/products", MAPPING)
    text = f"Artikel;sku;Farbe\n{sku};Pump;red\n{sku}X;;blue\n"
    assert (await send(http, "products", f"{number}N", text))["code"] == "invalid_file"
    assert (await send(http, "products", number, text, sender=number))["sender"] == number
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 1, 1)
    listed = (await http.get(f"/imports/{number}/errors.csv")).text
    corrected = listed.replace(f"{sku}X,", f"{sku}X,Valve")
    await send(http, "products", number, corrected, sender=number)
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 2, 0)
    named = (await http.get(f"/products/{sku}X")).json()["name"]
    assert named == "Valve"


async def test_list_of_imports(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: imports are listed with the counts of their rows, by kind, status and sender, as pages and as CSV."""
    numbers = [f"{number}-{index}" for index in range(3)]
    for name in numbers:
        await send(http, "products", name, f"sku,name\n{harness.scoped_id(name[-1])},x\n1.2E+13,y\n", sender=number)
    await process(engine)
    await send(http, "warehouses", f"{number}-W", f"warehouse,name\n{number}W,x\n", sender=number)
    await http.post(f"/imports/{number}-W/cancel", headers=ANNA)
    filters = {"sender": number, "kind": "products"}
    first = (await http.get("/imports", params={**filters, "limit": 2})).json()
    second = (await http.get("/imports", params={**filters, "limit": 2, "cursor": first["next"]})).json()
    rows = first["items"] + second["items"]
    assert [row["number"] for row in rows] == numbers[::-1]
    assert {(row["status"], row["done_rows"], row["failed_rows"]) for row in rows} == {("DONE", 1, 1)}
    cancelled = (await http.get("/imports", params={"sender": number, "status": ["READING", "CANCELLED"]})).json()
    assert [(row["number"], row["cancelled_rows"]) for row in cancelled["items"]] == [(f"{number}-W", 1)]
    file = await http.get("/imports.csv", params={**filters, "sort": "number"})
    assert [row["number"] for row in csv.DictReader(io.StringIO(file.text))] == numbers


async def test_refused_file_changes_nothing(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: a file that is sent again and is no table is refused before any of its rows is stored."""
    sku = harness.scoped_id("NEW")
    await send(http, "products", number, f"sku,name\n{sku},x\n")
    await process(engine)
    rows = "".join(f"{sku}{index},y\n" for index in range(1500))
    assert (await send(http, "products", number, f"sku,name\n{rows}sku,name\n"))["code"] == "invalid_file"
    assert await counts(http, number) == ("DONE", 0, 1, 0)
    assert await process(engine) == 0


async def test_cancelled_rows_are_sent_again(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: of a cancelled import, only the rows that are sent again are processed."""
    sku = harness.scoped_id("NEW")
    await send(http, "products", number, f"sku,name\n{sku}1,x\n{sku}2,x\n{sku}3,1.2E+13\n")
    await http.post(f"/imports/{number}/cancel", headers=ANNA)
    await send(http, "products", number, f"sku,name\n{sku}2,x\n")
    await process(engine)
    progress = (await http.get(f"/imports/{number}")).json()
    assert (progress["status"], progress["done_rows"], progress["cancelled_rows"]) == ("DONE", 1, 1)
    assert [row["error_column"] for row in await errors(http, number)] == ["name"]
    assert (await http.get(f"/products/{sku}1")).status_code == 404
