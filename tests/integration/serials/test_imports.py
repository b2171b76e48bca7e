"""Import of units sold before go-live."""

import csv
import io

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from services.serials.app import app
from services.serials.imports import KINDS
from shared.contracts.product_attributes import Warranty
from shared.imports.runner import ImportRunner
from tests.integration.serials.conftest import SerialsHarness
from tests.support.auth import bearer
from tests.support.messages.reference import product_changed


async def test_sold_units_are_registered(harness: SerialsHarness, http: httpx.AsyncClient, engine: AsyncEngine) -> None:
    """S45: each sale of a file is registered once its product is here; a known unit is named, the others are taken."""
    number = harness.scoped_id("I")
    rows = [f"{harness.sku},{serial},31.01.2026,SO-{harness.sku}-{serial[0]},C-1" for serial in ("A1", "A2", "B1")]
    content = "\n".join(["sku,serial,sale date,invoice,customer", *rows]).encode()
    headers, options = bearer("sue"), {"number": number, "date_format": "DD.MM.YYYY"}
    response = await http.post("/imports/sold-units", params=options, content=content, headers=headers)
    assert response.status_code == 202, response.text

    is_settled = False
    runner = ImportRunner(app.state.registry, KINDS, engine, lambda: None, lambda: is_settled)
    await runner.run_once()
    assert (await http.get(f"/imports/{number}")).json()["pending_rows"] == 3, "the product may be in flight"
    await harness.handle(product_changed(harness.sku, "SERIAL", warranty=Warranty(months=13)))
    await runner.run_once()
    assert (await http.get(f"/imports/{number}")).json()["done_rows"] == 3
    unit = (await http.get(f"/serials/{harness.sku}/A2")).json()
    assert (unit["status"], unit["order"], unit["warranty_ends_on"]) == ("SHIPPED", f"SO-{harness.sku}-A", "2027-02-28")

    more = content + f"\n{harness.sku},A3,31.01.2026,SO-{harness.sku}-A,C-1".encode()
    await http.post("/imports/sold-units", params={**options, "number": f"{number}X"}, content=more, headers=headers)
    await runner.run_once()
    listed = csv.DictReader(io.StringIO((await http.get(f"/imports/{number}X/errors.csv")).text))
    assert [(row["error_line"], row["error_column"], row["error_value"]) for row in listed] == [
        ("2", "serial", "A1"), ("3", "serial", "A2"), ("4", "serial", "B1"),
    ]  # fmt: skip
    assert (await http.get(f"/imports/{number}X")).json()["done_rows"] == 1
