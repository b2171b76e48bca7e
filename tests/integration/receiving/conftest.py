"""Fixtures for receiving: a test harness with its database, and an HTTP client for its application."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.receiving.app import app
from shared.contracts.commands.receiving import ConfirmSession, ResolveDiscrepancy, ScanItems
from shared.contracts.serials import SerialStateChanged
from shared.contracts.upstream import AsnAnnounced, LocationDefined, ProductDefined, WarehouseDefined
from shared.http import ReportFiles
from shared.persistence.database import create_engine
from tests.support.auth import bearer
from tests.support.harness import ServiceHarness
from tests.support.progress import FixedProgress


class ReceivingHarness(ServiceHarness):
    """Test harness of receiving, with commands and events for products of the test."""

    registry = app.state.registry

    def asn_command(self, receipt: str, *serials: str, quantity: int | None = None, **overrides: Any) -> AsnAnnounced:
        """An ASN with one line of pumps."""
        asn_line = {
            "line": "1",
            "sku": self.scoped_id("PUMP"),
            "quantity": quantity or len(serials),
            "serials": serials,
        }
        fields = {"receipt": self.scoped_id(receipt), "warehouse": self.scoped_id("EAST"), "lines": [asn_line]}
        return AsnAnnounced.model_validate(fields | overrides)

    def scan_command(self, receipt: str, *serials: str, session: str = "S", **overrides: Any) -> ScanItems:
        """A scan of pumps at the dock."""
        fields = {
            "receipt": self.scoped_id(receipt), "session": session, "sku": self.scoped_id("PUMP"),
            "location": f"{self.scoped_id('EAST')}/DOCK", "serials": serials,
        }  # fmt: skip
        return ScanItems.model_validate(fields | overrides)

    def confirm_command(self, receipt: str, session: str = "S") -> ConfirmSession:
        """A confirmation of a session."""
        return ConfirmSession(receipt=self.scoped_id(receipt), session=session)

    def serials_shipped_event(self, *serials: str, order: str, customer: str) -> SerialStateChanged:
        """An event of the serials service: pumps were shipped."""
        return SerialStateChanged(
            sku=self.scoped_id("PUMP"), serials=list(serials), versions=[9] * len(serials), from_status="PICKED",
            status="SHIPPED", reason="dispatched", order=order, customer=customer,
        )  # fmt: skip

    async def void_commands(self, receipt: str) -> list[ResolveDiscrepancy]:
        """Commands that void the open discrepancies of a receipt."""
        rows = await self.fetch_all(
            "SELECT discrepancy FROM discrepancy WHERE receipt = :receipt AND resolution IS NULL", receipt=receipt
        )
        return [
            ResolveDiscrepancy(receipt=receipt, discrepancy=row["discrepancy"], resolution="VOID", reason="seen")
            for row in rows
        ]

    async def unit_statuses(self) -> dict[str, str]:
        """Status of each pump."""
        rows = await self.fetch_all("SELECT serial, status FROM unit WHERE sku = :sku", sku=self.scoped_id("PUMP"))
        return {row["serial"]: row["status"] for row in rows}


@pytest.fixture(scope="session")
async def engine(environment: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    """Connect to receiving's database as its login role."""
    engine = create_engine(environment["RECEIVING_DATABASE_URL"], "test")
    yield engine
    await engine.dispose()


@pytest.fixture
def bare_harness(engine: AsyncEngine) -> ReceivingHarness:
    """A harness with identifiers of its own and no master data."""
    return ReceivingHarness(engine)


@pytest.fixture
async def harness(bare_harness: ReceivingHarness) -> ReceivingHarness:
    """A harness with a warehouse, a dock, a storage location and a serial-tracked product."""
    east = bare_harness.scoped_id("EAST")
    await bare_harness.handle(
        WarehouseDefined(warehouse=east, name="East"),
        LocationDefined(location=f"{east}/DOCK", type="DOCK"),
        LocationDefined(location=f"{east}/A-1", type="STORAGE"),
        ProductDefined(
            sku=bare_harness.scoped_id("PUMP"), name="Pump", serial_tracked=True, serials_unique_per_product=True
        ),  # tests use the same numbers
        ProductDefined(sku=bare_harness.scoped_id("SALT"), name="Salt", unit="kg"),
    )
    return bare_harness


@pytest.fixture
async def milk_harness(harness: ReceivingHarness) -> ReceivingHarness:
    """A harness with lot-tracked milk, 12 bottles a case; receipt R expects 100 of milk and 2.5 kg of salt."""
    product = {
        "sku": harness.scoped_id("MILK"), "name": "Milk", "lot_tracked": True,
        "barcodes": [{"code": harness.scoped_id("CASE"), "quantity": 12}],
        "shelf_life": {"min_remaining_shelf_life_at_receipt": 5},
    }  # fmt: skip
    asn_lines = [
        {"line": "1", "sku": harness.scoped_id("MILK"), "quantity": 100},
        {"line": "2", "sku": harness.scoped_id("SALT"), "quantity": "2.5"},
    ]
    announcement = {
        "receipt": harness.scoped_id("R"),
        "warehouse": harness.scoped_id("EAST"),
        "lines": asn_lines,
        "supplier": "Dairy",
    }
    await harness.handle(ProductDefined.model_validate(product), AsnAnnounced.model_validate(announcement))
    return harness


@pytest.fixture
async def http(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client for receiving without consumer and relay."""
    app.state.engine, app.state.wake = engine, lambda: None
    app.state.report_files = ReportFiles(engine)
    app.state.progress = FixedProgress()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://receiving", headers=bearer()) as client:
        yield client


@pytest.fixture
def number(bare_harness: ReceivingHarness) -> str:
    """A number of an import."""
    return bare_harness.scoped_id("I")
