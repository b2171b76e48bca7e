"""Files of products, warehouses and locations, which their imports take back."""

import io
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from openpyxl.reader.excel import load_workbook
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.upstream import LocationDefined, ProductDefined, WarehouseDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.import_requests import counts, errors, process, send

FORMS = [("csv", {"guard": "true"}), ("csv", {"guard": "false"}), ("xlsx", {})]
"""Ways to export a list."""
SHELF_LIFE = {
    "expiry_required": True, "min_remaining_shelf_life_at_receipt": 5, "short_shelf_life_policy": "HOLD",
    "stop_allocation_days": 2, "expiry_alert_days": [60, 30], "expiry_basis": "BEST_BEFORE", "shelf_life_days": 90,
    "customers": [{"customer": "C-2", "min_remaining_shelf_life_days": 30}],
}  # fmt: skip


async def take_back(
    http: httpx.AsyncClient,
    engine: AsyncEngine,
    path: str,
    *,
    number: str,
    form: str,
    options: dict[str, str],
    search: str,
) -> int:
    """Import the whole export of a list; return the number of its rows, all of which must be done."""
    kind = path.removeprefix("/")
    exported = await http.get(f"{path}.{form}", params={"q": search, **options})
    assert exported.status_code == 200, exported.text
    await send(http, kind, number, exported.content, guard=options.get("guard", "false"))
    await process(engine)
    status, _, done, failed = await counts(http, number)
    assert (status, failed) == ("DONE", 0), await errors(http, number)
    return done


async def items(http: httpx.AsyncClient, path: str, search: str) -> list[dict[str, Any]]:
    """Return the items of a list."""
    found: list[dict[str, Any]] = (await http.get(path, params={"q": search, "limit": 100})).json()["items"]
    return found


@pytest.mark.parametrize(("form", "options"), FORMS)
async def test_products_are_taken_back(
    bare_harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, form: str, options: dict[str, str]
) -> None:
    """S45: all products are exported with every field, and the import of the file changes none of them."""
    scope = bare_harness.scoped_id("")
    barcodes = [{"code": f"{scope}B2", "quantity": 12}, {"code": f"={scope}B1"}]
    definitions: list[dict[str, Any]] = [
        {"sku": f"={scope}1", "name": "=1+1, \"quoted\"; name", "serial_tracked": True, "barcodes": barcodes,
         "serial_format": {"min_length": 3, "pattern": "[0-9 ,;]+"}, "serials_unique_per_product": True,
         "warranty": {"months": 24, "starts_at": "LABEL_DATE"}},
        {"sku": f"{scope}0002", "name": "'Größe 4", "lot_tracked": True, "unit": "kg", "decimals": 3,
         "shelf_life": SHELF_LIFE},
        {"sku": f"{scope}3", "name": "0042"},
    ]  # fmt: skip
    await bare_harness.handle(*(ProductDefined.model_validate(definition) for definition in definitions))
    before = await items(http, "/products", scope)
    number = bare_harness.scoped_id("P")
    assert (
        await take_back(http, engine, "/products", number=number, form=form, options=options, search=scope)
        == len(definitions)
        == len(before)
    )
    assert await items(http, "/products", scope) == before
    changes = (await http.get(f"/products/{quote(definitions[0]['sku'])}/changes")).json()["items"]
    assert len(changes) == 1, "the definition is the same"


@pytest.mark.parametrize(("form", "options"), FORMS)
async def test_places_are_taken_back(
    bare_harness: ReceivingHarness, http: httpx.AsyncClient, engine: AsyncEngine, form: str, options: dict[str, str]
) -> None:
    """S45: warehouses and locations are exported, and the import of the file changes none of them."""
    east = bare_harness.scoped_id("EAST")
    await bare_harness.handle(
        WarehouseDefined(warehouse=east, name="-East", time_zone="Europe/Berlin"),
        LocationDefined(location=f"{east}/-1", type="STORAGE", pick_sequence=10, is_active=False),
        LocationDefined(location=f"{east}/0002", type="DOCK"),
    )
    for path, rows in (("/warehouses", 1), ("/locations", 2)):
        before, number = await items(http, path, east), bare_harness.scoped_id(path[1:5])
        assert await take_back(http, engine, path, number=number, form=form, options=options, search=east) == rows
        assert await items(http, path, east) == before


async def test_files_have_the_filters_of_their_list(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """S45: a file has the rows of the filtered list, in its order."""
    east = harness.scoped_id("EAST")
    filters = {"warehouse": east, "sort": "-location"}
    assert (await http.get("/locations.csv", params=filters)).text.split()[1:] == [
        f"{east}/DOCK,DOCK,0,True", f"{east}/A-1,STORAGE,0,True",
    ]  # fmt: skip
    workbook = load_workbook(io.BytesIO((await http.get("/locations.xlsx", params=filters)).content))
    assert [cell.value for cell in workbook.worksheets[0]["A"]] == ["location", f"{east}/DOCK", f"{east}/A-1"]
