"""Imports of receiving: files over HTTP, processed in sets by the same commands as everything else."""

import asyncio
import csv
import io
import sys

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.files import PROJECT
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.import_requests import ANNA, counts, errors, process, send
from tests.support.polling import wait_until

HELD = {"R1": "False", "R2": "True"}
"""Units of a report, and whether they are on hold."""


async def test_opening_serials_are_received(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: valid rows are received at their location, each other row says what is wrong with it."""
    east, pump = harness.scoped_id("EAST"), harness.scoped_id("PUMP")
    text = f"location;sku;Serial No.\n{east}/A-1;{pump};0001\n{east}/A-1;{pump};1.2E+13\n{east}/NO;{pump};0003\n"
    await send(http, "opening-serials", number, text)
    assert await counts(http, number) == ("RUNNING", 2, 0, 1)
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 1, 2)
    assert await harness.unit_statuses() == {"0001": "ON_HAND"}
    found = [(row["error_line"], row["error_column"], row["error_value"]) for row in await errors(http, number)]
    assert found == [("3", "serial", "1.2E+13"), ("4", "location", f"{east}/NO")]


async def test_corrected_rows_are_sent_under_the_same_number(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: the list of errors is corrected and sent again; done rows are skipped, changed ones are errors."""
    east, pump = harness.scoped_id("EAST"), harness.scoped_id("PUMP")
    header = "location,sku,serial,lot\n"
    await send(http, "opening-serials", number, f"{header}{east}/A-1,{pump},C1,\n{east}/NO,{pump},C2,\n")
    await process(engine)
    listed = (await http.get(f"/imports/{number}/errors.csv")).text
    await send(http, "opening-serials", number, listed.replace(f"{east}/NO", f"{east}/A-1"))
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 2, 0)
    await send(http, "opening-serials", number, f"{header}{east}/A-1,{pump},C1,\n{east}/A-1,{pump},C2,L9\n")
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 2, 1)
    assert "'L9' now" in (await errors(http, number))[0]["error_problem"]
    assert await harness.unit_statuses() == {"C1": "ON_HAND", "C2": "ON_HAND"}


async def test_dry_run_changes_nothing(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: a dry run applies all rules, names rows of earlier imports, and the import itself follows."""
    east, pump = harness.scoped_id("EAST"), harness.scoped_id("PUMP")
    text = f"location,sku,serial\n{east}/A-1,{pump},D1\n{east}/NO,{pump},D2\n"
    await send(http, "opening-serials", number, text, dry_run=True)
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 1, 1)
    assert await harness.unit_statuses() == {}
    await send(http, "opening-serials", number, text)
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 1, 1)
    assert await harness.unit_statuses() == {"D1": "ON_HAND"}
    again = await send(http, "opening-serials", f"{number}X", text, dry_run=True)
    assert again["held_rows"] == 1
    rows = csv.DictReader(io.StringIO((await http.get(f"/imports/{number}X/rows.csv")).text))
    assert [row["error_held_by"] for row in rows] == [number, ""]
    await process(engine)
    assert [row["error_line"] for row in await errors(http, f"{number}X")] == ["2", "3"]


async def test_master_data_and_expected_serials(
    bare_harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    """S45: warehouses, locations, products and expected serial numbers come from files."""
    west, bolt, asn = (bare_harness.scoped_id(name) for name in ("WEST", "PUMP", "ASN"))
    files = {
        "warehouses": f"warehouse,name,time_zone\n{west},West,Europe/Berlin\n",
        "locations": f"location,type,pick_sequence\n{west}/DOCK,DOCK,\n{west}/A,STORAGE,10\n",
        "products": f"sku,name,serial_tracked\n{bolt},Ventil Größe 4,yes\n",
        "expected-serials": f"receipt,warehouse,line,sku,serial\n{asn},{west},1,{bolt},E1\n{asn},{west},1,{bolt},E2\n",
    }
    for kind, text in files.items():
        await send(http, kind, bare_harness.scoped_id(kind[:4]), text.encode("utf-16"))
        await process(engine)
        assert (await counts(http, bare_harness.scoped_id(kind[:4])))[3] == 0
    assert await bare_harness.unit_statuses() == {"E1": "EXPECTED", "E2": "EXPECTED"}
    more = f"receipt,warehouse,line,sku,serial\n{asn},{west},1,{bolt},E3\n"
    await send(http, "expected-serials", bare_harness.scoped_id("more"), more)
    await process(engine)
    assert await bare_harness.unit_statuses() == {"E1": "EXPECTED", "E2": "EXPECTED", "E3": "EXPECTED"}


async def test_opening_lots_are_received(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: lots with quantities and dates in the declared formats are received; an unfit row is named."""
    east, milk = milk_harness.scoped_id("EAST"), milk_harness.scoped_id("MILK")
    rows = [f"{east}/A-1\t{milk}\tM1\t12,0\t31.12.2090", f"{east}/A-1\t{milk}\tM2\t5\t12/31/90"]
    text = "\n".join(["location\tsku\tlot\tqty\tExpiry date", *rows])
    await send(http, "opening-lots", number, text, date_format="DD.MM.YYYY", decimal=",", encoding="windows-1252")
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 1, 1)
    assert [(row["error_column"], row["error_value"]) for row in await errors(http, number)] == [("expiry", "12/31/90")]
    stored = await milk_harness.fetch_all("SELECT lot, quantity FROM lot_scan WHERE sku = :sku", sku=milk)
    assert [(row["lot"], row["quantity"]) for row in stored] == [("M1", 12)]


async def test_attributes_of_products_take_effect(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S24, S37, S45: a product from a file has its shelf life, its barcodes are scanned, an expiry date is required."""
    east, milk = harness.scoped_id("EAST"), harness.scoped_id("MILK")
    code = harness.scoped_id("CODE")
    columns = "sku,name,tracking,barcodes,barcode_quantities,barcode_types,expiry_alert_days,short_shelf_life_policy"
    await send(http, "products", number, f"{columns}\n{milk},Milk,LOT,{code}1 {code}2,1 12,OTHER OTHER,9 3,hold\n")
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 1, 0)
    product = (await http.get(f"/products/{milk}")).json()
    assert product["barcodes"] == [{"code": f"{code}1", "quantity": 1}, {"code": f"{code}2", "quantity": 12}]
    shelf_life = product["shelf_life"]
    assert (shelf_life["expiry_required"], shelf_life["expiry_alert_days"]) == (True, [9, 3])
    scan = (await http.post("/scans/parse", json={"text": f"{code}2"})).json()
    assert (scan["read_as"]["sku"], scan["read_as"]["quantity"]) == (milk, 12)
    stock = f"location,sku,lot,quantity,expiry\n{east}/A-1,{milk},M1,5,\n{east}/A-1,{milk},M2,5,2090-01-01\n"
    await send(http, "opening-lots", f"{number}S", stock)
    await process(engine)
    assert await counts(http, f"{number}S") == ("DONE", 0, 1, 1)
    assert [row["lot"] for row in await errors(http, f"{number}S")] == ["M1"]
    cleared = f"sku,expiry_required,expiry_alert_days,barcodes\n{milk},no,(default),(default)\n"
    await send(http, "products", f"{number}C", cleared)
    await process(engine)
    product = (await http.get(f"/products/{milk}")).json()
    assert (product["barcodes"], product["shelf_life"]["expiry_alert_days"]) == ([], [90, 60, 30, 7])
    assert (product["shelf_life"]["expiry_required"], product["shelf_life"]["short_shelf_life_policy"]) == (
        False,
        "HOLD",
    )


async def test_expected_lots_are_taken_by_scans(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S24, S45: expected serial numbers have the lot and expiry date of their file once they are scanned."""
    east, pump, asn = (harness.scoped_id(name) for name in ("EAST", "PUMP", "ASN"))
    header = "receipt,warehouse,sku,serial,lot,expiry,supplier,expected_at\n"
    rows = [
        f"{asn},{east},{pump},{serial},L{serial[0]},2090-01-31,ACME,2090-01-01T08:00:00Z" for serial in ("A1", "B1")
    ]
    await send(http, "expected-serials", number, header + "\n".join(rows))
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 2, 0)
    await harness.handle(harness.scan_command("ASN", "A1"), harness.confirm_command("ASN"))
    select = "SELECT serial, status, lot, expiry FROM unit WHERE sku = :sku ORDER BY serial"
    units = [tuple(row.values()) for row in await harness.fetch_all(select, sku=pump)]
    assert units[0][:3] == ("A1", "ON_HAND", "LA")
    receipt = (await http.get(f"/receipts/{asn}")).json()
    assert (receipt["supplier"], receipt["expected_at"]) == ("ACME", "2090-01-01T08:00:00Z")


WORKER = """
import asyncio, os
from deploy.local.files import PROJECT
from services.receiving.app import app
from services.receiving.imports import KINDS
from shared.imports.runner import ImportRunner
from shared.persistence.database import create_engine

engine = create_engine(os.environ["RECEIVING_DATABASE_URL"], "worker")
asyncio.run(ImportRunner(app.state.registry, KINDS, engine, lambda: None).run_once())
"""


async def resume_killed(http: httpx.AsyncClient, engine: AsyncEngine, number: str, size: int) -> None:
    """Kill a worker amid the rows of an import, and let another one continue to the end."""
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, cwd=PROJECT)

    async def count_done() -> int:
        return (await counts(http, number))[2]

    try:
        await wait_until(count_done)
    finally:
        worker.kill()
        await worker.wait()
    assert 0 < await count_done() < size, "the worker was killed amid the rows"
    while (await counts(http, number))[0] == "RUNNING":  # until the server has noticed the end of the worker
        await process(engine)
    assert await counts(http, number) == ("DONE", 0, size, 0)


async def test_killed_import_continues(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: a worker is killed while it receives serial numbers; the next one does each of the others once."""
    east, pump, size = harness.scoped_id("EAST"), harness.scoped_id("PUMP"), 4000
    rows = [f"{east}/A-1,{pump},K{index}" for index in range(size)]
    await send(http, "opening-serials", number, "\n".join(["location,sku,serial", *rows]))
    await resume_killed(http, engine, number, size)
    statuses = await harness.unit_statuses()
    assert (len(statuses), set(statuses.values())) == (size, {"ON_HAND"})
    sessions = await harness.fetch_all("SELECT 1 FROM session WHERE receipt = :receipt", receipt=f"{number}-{east}")
    assert len(sessions) == size // 500


async def test_killed_import_of_expected_serials_continues(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: a worker is killed while it announces serial numbers; each part of the receipt is announced once."""
    east, pump, asn, size = harness.scoped_id("EAST"), harness.scoped_id("PUMP"), harness.scoped_id("KASN"), 4000
    rows = [f"{asn},{east},{pump},E{index}" for index in range(size)]
    await send(http, "expected-serials", number, "\n".join(["receipt,warehouse,sku,serial", *rows]))
    await resume_killed(http, engine, number, size)
    statuses = await harness.unit_statuses()
    assert (len(statuses), set(statuses.values())) == (size, {"EXPECTED"})
    parts = await harness.fetch_all("SELECT DISTINCT part FROM announced_line WHERE receipt = :receipt", receipt=asn)
    assert {row["part"] for row in parts} == set(range(1, size // 500 + 1))


async def test_killed_import_of_lots_continues(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: a worker is killed while it receives lots; no quantity counts twice."""
    east, milk, size = milk_harness.scoped_id("EAST"), milk_harness.scoped_id("MILK"), 4000
    rows = [f"{east}/A-1,{milk},K{index},3,2090-01-01" for index in range(size)]
    await send(http, "opening-lots", number, "\n".join(["location,sku,lot,quantity,expiry", *rows]))
    await resume_killed(http, engine, number, size)
    (found,) = await milk_harness.fetch_all(
        "SELECT count(DISTINCT lot) AS lots, sum(quantity) AS quantity FROM lot_scan WHERE sku = :sku", sku=milk
    )
    assert (found["lots"], found["quantity"]) == (size, 3 * size)


async def test_refused_file_leaves_nothing(http: httpx.AsyncClient, number: str) -> None:
    """S45: a file that is no table is refused with the reason, and its number stays free."""
    answer = await send(http, "products", number, "sku,name\nA,x\nsku,name\n")
    assert (answer["code"], answer["detail"]) == (
        "invalid_file", "Line 3 repeats the header. Send one table with one header.",
    )  # fmt: skip
    assert (await http.get(f"/imports/{number}")).status_code == 404


async def test_cancelled_import_is_not_processed(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: rows of a cancelled import are not processed."""
    await send(http, "products", number, f"sku,name\n{harness.scoped_id('NEW')},x\n")
    cancelled = (await http.post(f"/imports/{number}/cancel", headers=ANNA)).json()
    assert (cancelled["status"], cancelled["cancelled_rows"]) == ("CANCELLED", 1)
    await process(engine)
    assert await counts(http, number) == ("CANCELLED", 0, 0, 0)


async def test_reports_of_stock_are_imported(
    harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, number: str
) -> None:
    """S45: columns of our reports are left out; a held unit is imported once its cell is emptied."""
    east, pump = harness.scoped_id("EAST"), harness.scoped_id("PUMP")
    header = "location,sku,serial,status,on_hold,received_at,order,lot,expiry"
    rows = [f"{east}/A-1,{pump},{serial},RECEIVED,{held},2026-01-01T00:00:00Z,,," for serial, held in HELD.items()]
    await send(http, "opening-serials", number, "\n".join([header, *rows]))
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 1, 1)
    listed = (await http.get(f"/imports/{number}/errors.csv")).text
    await send(http, "opening-serials", number, listed.replace(",True,", ",,", 1))
    await process(engine)
    assert await counts(http, number) == ("DONE", 0, 2, 0)
    assert await harness.unit_statuses() == {"R1": "ON_HAND", "R2": "ON_HAND"}
