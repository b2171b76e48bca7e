"""Receiving's line on its real database, the floor that its tests stand on, and its app over HTTP."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.receiving.app import app
from shared.contracts.commands.receiving import ConfirmSession, Scan
from shared.contracts.serials import SerialMoved
from shared.contracts.upstream import AsnAnnounced, LocationDefined, ProductDefined, WarehouseDefined
from shared.database import create_engine
from tests.line import ServiceLine


class Line(ServiceLine):
    """Receiving's line, and what upstream and the dock say about a product of the test's own."""

    map = app.state.map

    def asn(self, receipt: str, *serials: str, quantity: int | None = None, **more: Any) -> AsnAnnounced:
        """An announcement of one line of pumps."""
        line = {"line": "1", "sku": self.no("PUMP"), "quantity": quantity or len(serials), "serials": serials}
        named = {"receipt": self.no(receipt), "warehouse": self.no("EAST"), "lines": [line]}
        return AsnAnnounced.model_validate(named | more)

    def scan(self, receipt: str, *serials: str, session: str = "S", **more: Any) -> Scan:
        """A scan of pumps at the dock."""
        named = {
            "receipt": self.no(receipt), "session": session, "sku": self.no("PUMP"),
            "location": f"{self.no('EAST')}/DOCK", "serials": serials,
        }  # fmt: skip
        return Scan.model_validate(named | more)

    def confirm(self, receipt: str, session: str = "S") -> ConfirmSession:
        """A confirmation."""
        return ConfirmSession(receipt=self.no(receipt), session=session)

    def shipped(self, *serials: str, order: str, customer: str) -> SerialMoved:
        """The registry's word that pumps have left."""
        return SerialMoved(
            sku=self.no("PUMP"), serials=list(serials), versions=[9] * len(serials), from_status="PICKED",
            status="SHIPPED", reason="dispatched", order=order, customer=customer,
        )  # fmt: skip

    async def states(self) -> dict[str, str]:
        """Where each pump stands."""
        found = await self.rows("SELECT serial, state FROM unit WHERE sku = :sku", sku=self.no("PUMP"))
        return {row["serial"]: row["state"] for row in found}


@pytest.fixture(scope="session")
async def engine(environment: Mapping[str, str]) -> AsyncIterator[AsyncEngine]:
    """Connect to receiving's database as its login role."""
    engine = create_engine(environment["RECEIVING_DATABASE_URL"], "test")
    yield engine
    await engine.dispose()


@pytest.fixture
def line(engine: AsyncEngine) -> Line:
    """Give the line to a test, with names of its own."""
    return Line(engine)


@pytest.fixture
async def floor(line: Line) -> Line:
    """Give the line with a warehouse, a dock, a shelf and a serial-tracked product."""
    east = line.no("EAST")
    await line.say(
        WarehouseDefined(warehouse=east, name="East"),
        LocationDefined(location=f"{east}/DOCK", type="DOCK"),
        LocationDefined(location=f"{east}/A-1", type="STORAGE"),
        ProductDefined(sku=line.no("PUMP"), name="Pump", serial_tracked=True),
        ProductDefined(sku=line.no("SALT"), name="Salt", unit="kg"),
    )
    return line


@pytest.fixture
async def milk(floor: Line) -> Line:
    """Milk is lot-tracked, twelve bottles a case; receipt R announces a hundred of it and 2.5 kg of salt."""
    product = {
        "sku": floor.no("MILK"), "name": "Milk", "lot_tracked": True,
        "barcodes": [{"code": floor.no("CASE"), "quantity": 12}], "life": {"min_life_at_receipt": 5},
    }  # fmt: skip
    lines = [
        {"line": "1", "sku": floor.no("MILK"), "quantity": 100},
        {"line": "2", "sku": floor.no("SALT"), "quantity": "2.5"},
    ]
    announced = {"receipt": floor.no("R"), "warehouse": floor.no("EAST"), "lines": lines, "supplier": "Dairy"}
    await floor.say(ProductDefined.model_validate(product), AsnAnnounced.model_validate(announced))
    return floor


@pytest.fixture
async def http(engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to receiving without its consumer and relay."""
    app.state.engine, app.state.wake = engine, lambda: None
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://receiving") as client:
        yield client
