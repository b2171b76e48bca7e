"""Receiving's line without Kafka: messages are decided in real transactions, and what they say is read back."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.receiving.app import ROWS, app
from shared import inbox
from shared.contracts.commands.receiving import ConfirmSession, Scan
from shared.contracts.envelope import Cause, CloudEvent, Fact
from shared.contracts.receiving import ReceiptRejected
from shared.contracts.serials import SerialMoved
from shared.contracts.upstream import AsnAnnounced, LocationDefined, ProductDefined, WarehouseDefined
from shared.database import Transaction, Trouble, create_engine, new_id, transaction, trouble
from shared.decision import Map, decide
from shared.routing import Answer

MAP = Map("receiving", ROWS, ReceiptRejected)
SAID = text("SELECT convert_from(value, 'UTF8') AS value FROM outbox WHERE id > :after ORDER BY id")
LAST = text("SELECT coalesce(max(id), 0) AS id FROM outbox")


def event(fact: Fact, actor: str = "anna") -> CloudEvent[Any]:
    """A message of somebody's."""
    data = fact.model_copy(update={"actor": actor})
    return CloudEvent[Any].model_construct(
        id=new_id(), source="test", type=fact.TYPE, time=Transaction.clock(), data=data
    )


@dataclass
class Told:
    """What a transaction answered and said."""

    answers: list[Answer]
    events: list[dict[str, Any]]
    statements: int

    def codes(self) -> list[str]:
        """Every refusal's code."""
        return [str(refusal.code) for answer in self.answers for refusal in answer.refusals]

    def types(self) -> list[str]:
        """Every fact's type."""
        return [event["type"] for event in self.events]

    def data(self, kind: str) -> list[dict[str, Any]]:
        """The data of the facts of one type."""
        return [event["data"] for event in self.events if event["type"] == kind]


@dataclass
class Line:
    """Receiving's line on its own database; `run` keeps one test's names apart from another's."""

    engine: AsyncEngine
    run: str = field(default_factory=lambda: uuid4().hex[:8])
    lost: int = 0

    async def take(self, events: Sequence[CloudEvent[Any]]) -> Told:
        """Claim and decide a batch, as the consumer does."""
        async with transaction(self.engine) as tx:
            after = (await tx.rows(LAST))[0].id
            tx.statements = 0
            fresh = await inbox.claim(tx, [one for one in events if MAP.concerned(one)])
            answers: Mapping[Cause, Answer] = await decide(tx, MAP, fresh) if fresh else {}
            statements = tx.statements
            said = [json.loads(row.value) for row in await tx.rows(SAID, {"after": after})]
        ours = {one.id for one in events}  # another transaction may have said something meanwhile
        said = [one for one in said if one["data"]["cause"]["id"] in ours]
        return Told([answers[one.cause] for one in events if one.cause in answers], said, statements)

    async def insist(self, events: Sequence[CloudEvent[Any]]) -> Told:
        """Decide a batch, again when another was first, as the consumer does."""
        while True:
            try:
                return await self.take(events)
            except Exception as error:
                if trouble(error) is not Trouble.LOST_RACE:
                    raise
                self.lost += 1

    async def say(self, *facts: Fact, actor: str = "anna") -> Told:
        """Decide requests in one transaction."""
        return await self.take([event(fact, actor) for fact in facts])

    async def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Look into the database."""
        async with transaction(self.engine) as tx:
            return [dict(row._mapping) for row in await tx.rows(text(statement), values)]  # noqa: SLF001

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

    def no(self, name: str) -> str:
        """A name of this test's own."""
        return f"{name}-{self.run}"


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
