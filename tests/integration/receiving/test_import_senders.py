"""Senders of imports: their saved mappings, the list of imports, and files that are sent again."""

import csv
import io
from datetime import timedelta

import httpx
from openpyxl.reader.excel import load_workbook
from sqlalchemy.ext.asyncio import AsyncEngine

from services.receiving.imports import KINDS
from shared.imports import retention, store
from shared.imports.kinds import ReadRow
from shared.imports.store import Sending
from shared.persistence.database import transaction
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
    workbook = await http.get("/imports.xlsx", params={**filters, "sort": "number"})
    (sheet,) = load_workbook(io.BytesIO(workbook.content)).worksheets
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["number", *numbers]


async def test_templates_have_each_column(http: httpx.AsyncClient) -> None:
    """S45: each kind has a template whose header names all of its columns."""
    for kind in KINDS:
        template = await http.get(f"/imports/{kind.name}/template.csv")
        assert template.text == ",".join(column.name for column in kind.columns) + "\r\n"
        assert f'filename="{kind.name}.csv"' in template.headers["Content-Disposition"]


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


async def test_upload_that_broke_off_is_sent_again(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: a service is killed while it reads a file: no row is processed until the file is sent again."""
    sku, kind = harness.scoped_id("NEW"), KINDS[0]
    sending = Sending(number, kind, "anna", "", is_dry_run=False, replace=False)
    async with transaction(engine) as tx:
        job = await store.begin(tx, sending)
        row = ReadRow(2, f"{sku}1", {"sku": f"{sku}1", "name": "x"})
        await store.stage(tx, job, kind, [row], replace=False)
    assert await process(engine) == 0
    assert await counts(http, number) == ("READING", 1, 0, 0)
    await send(http, "products", number, f"sku,name\n{sku}1,x\n{sku}2,x\n")
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 2, 0)


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


async def test_expected_rows_are_replaced(
    bare_harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: a changed row replaces what its receipt expected because of it; the rows beside it stay expected."""
    west, milk, asn = (bare_harness.scoped_id(name) for name in ("WEST", "MILK", "ASN"))
    header = "receipt,warehouse,line,sku,lot,quantity,expiry\n"
    rows = [f"{asn},{west},1,{milk},L1,10,2090-01-31", f"{asn},{west},1,{milk},L2,5,2090-02-28"]
    await send(http, "expected-lots", number, header + "\n".join(rows))
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 2, 0)
    changed = [rows[0], f"{asn},{west},1,{milk},L2,7,2090-03-31", f"{asn},{west},2,{milk},,1.5,"]
    await send(http, "expected-lots", number, header + "\n".join(changed))
    await process(engine)
    assert [row["error_column"] for row in await errors(http, number)] == ["quantity"]
    await send(http, "expected-lots", number, header + "\n".join(changed), replace=True)
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 3, 0)
    select = "SELECT line, expected_quantity, lots FROM receipt_line WHERE receipt = :receipt ORDER BY line"
    stored = await bare_harness.fetch_all(select, receipt=asn)
    assert [(row["line"], row["expected_quantity"]) for row in stored] == [("1", 17), ("2", 1.5)]
    lots = await bare_harness.fetch_all(
        "SELECT line, quantity, lots FROM announced_line WHERE receipt = :receipt", receipt=asn
    )
    assert sorted(row["quantity"] for row in lots) == [1.5, 17]


async def test_received_stock_is_not_replaced(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: opening stock is not received a second time by `replace`; the error says how it is corrected."""
    east, milk = milk_harness.scoped_id("EAST"), milk_harness.scoped_id("MILK")
    text = f"location,sku,lot,quantity,expiry\n{east}/A-1,{milk},M1,12,2090-12-31\n"
    await send(http, "opening-lots", number, text)
    await process(engine)
    await send(http, "opening-lots", number, text.replace(",12,", ",15,"), replace=True)
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 1, 1)
    assert "a count" in (await errors(http, number))[0]["error_help"]
    stored = await milk_harness.fetch_all("SELECT quantity FROM lot_scan WHERE sku = :sku", sku=milk)
    assert [row["quantity"] for row in stored] == [12]


async def test_row_that_causes_a_rejection_is_found(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: of a set that is rejected as a whole, only the row that causes it fails."""
    asn, east, pump = (harness.scoped_id(name) for name in ("ASN", "EAST", "PUMP"))
    rows = [f"{asn},{east},{line},{pump},N{line}" for line in range(1, 60)]
    rows.insert(30, f"{asn},{east},+1,{pump},X")
    await send(http, "expected-serials", number, "receipt,warehouse,line,sku,serial\n" + "\n".join(rows))
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 59, 1)
    (failed,) = await errors(http, number)
    assert (failed["error_line"], failed["error_column"], failed["error_value"]) == ("32", "line", "+1")


async def test_old_imports_are_deleted(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: ended imports are deleted after the retention; what would be received a second time is remembered."""
    east, milk = milk_harness.scoped_id("EAST"), milk_harness.scoped_id("MILK")
    stock = f"location,sku,lot,quantity,expiry\n{east}/A-1,{milk},M1,12,2090-12-31\n{east}/A-1,{milk},M2,x,\n"
    await send(http, "opening-lots", f"{number}-L", stock)
    await send(http, "opening-lots", f"{number}-D", stock, dry_run=True)
    await send(http, "products", f"{number}-P", f"sku,name\n{number},x\n1.2E+13,y\n")
    await process(engine)
    assert await retention.prune(engine, KINDS, timedelta(days=1)) == 0
    await send(http, "products", f"{number}-R", f"sku,name\n{number},z\n")
    assert await retention.prune(engine, KINDS, timedelta(0), size=1) >= 5
    listed = [(await http.get(f"/imports/{number}-{name}")).status_code for name in "LDPR"]
    assert listed == [200, 404, 404, 200]
    progress = (await http.get(f"/imports/{number}-L")).json()
    assert (progress["done_rows"], progress["failed_rows"]) == (1, 1)
    await send(http, "opening-lots", f"{number}-L", stock.replace(",x,", ",3,2090-12-31"))
    await process(engine)
    assert await counts(http, f"{number}-L") == ("DONE", 0, 2, 0)
    stored = await milk_harness.fetch_all("SELECT quantity FROM lot_scan WHERE sku = :sku ORDER BY lot", sku=milk)
    assert [row["quantity"] for row in stored] == [12, 3]
