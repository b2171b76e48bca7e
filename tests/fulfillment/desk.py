"""A desk: messages in, as the line would bring them; answers and facts out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from httpx import AsyncClient, Response

from services.fulfillment.app import app
from shared.contracts.commands.fulfillment import (
    CreateShipment,
    Dispatch,
    Pack,
    Pick,
    Unit,
)
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import AllocationRequested, DispatchRequested
from shared.contracts.problems import Code
from shared.contracts.reference import LocationChanged, LocationType, ProductChanged
from shared.contracts.serials import DispatchApproved, GivenUnit, SerialAllocated
from shared.contracts.topics import FULFILLMENT
from shared.contracts.upstream import Customer, OrderLine, OrderPlaced
from shared.database import new_id
from shared.routing import Answer
from tests.line import ServiceLine

F = TypeVar("F", bound=Fact)


@dataclass
class Desk(ServiceLine):
    """Fulfillment's line, and what it said last."""

    map = app.state.map
    said: list[Fact] = field(default_factory=list)
    statements: int = 0

    @property
    def sku(self) -> str:
        """The test's product."""
        return self.no("SKU")

    async def furnish(self) -> None:
        """The places and the product of every test."""
        places: dict[str, LocationType] = {
            "EAST/DOCK": "DOCK",
            "EAST/STAGE": "STAGING",
            "EAST/A-1": "STORAGE",
            "WEST/STAGE": "STAGING",
        }
        await self.tell(
            *(
                LocationChanged(location=name, version=1, type=kind, pick_sequence=number)
                for number, (name, kind) in enumerate(places.items())
            ),
            ProductChanged(sku=self.sku, version=1, name="Pump", unit="each", tracking="SERIAL"),
        )

    async def tell(self, *facts: Fact) -> list[Answer]:
        """Let the map decide messages in one transaction; their answers, and in `said` what it published."""
        told = await self.say(*facts)
        self.said = [FULFILLMENT.messages[it["type"]].model_validate(it["data"]) for it in told.events]
        self.statements = told.statements
        return told.answers

    async def ask(self, fact: Fact) -> Answer:
        """One request and its answer."""
        (answer,) = await self.tell(fact)
        return answer

    async def refused(self, fact: Fact) -> list[Code]:
        """A request that nothing was done of: the codes why."""
        answer = await self.ask(fact)
        assert answer.body is None
        return [refusal.code for refusal in answer.refusals]

    def heard(self, kind: type[F]) -> list[F]:
        """The facts of a kind that the last transaction said."""
        return [fact for fact in self.said if isinstance(fact, kind)]

    def order(self, name: str, quantity: int = 1, **more: Any) -> OrderPlaced:
        """An order of one line."""
        line = OrderLine.model_validate({"line": "1", "sku": self.sku, "quantity": quantity})
        given = {"customer": Customer(id="C-1", name="Ann"), "lines": [line], "warehouse": "EAST"} | more
        return OrderPlaced.model_validate({"order": self.no(name), **given})

    async def place(self, name: str, quantity: int = 1, **more: Any) -> AllocationRequested:
        """An order placed, and what it asked for."""
        await self.tell(self.order(name, quantity, **more))
        return self.heard(AllocationRequested)[0]

    def gives(self, asked: AllocationRequested, serials: Iterable[str], short: int = 0, **more: Any) -> SerialAllocated:
        """An answer of serials."""
        return SerialAllocated(
            sku=asked.sku, demand=asked.demand, order=asked.order, line=asked.line, short=short,
            given=[GivenUnit(serial=serial, location="EAST/A-1") for serial in serials], **more,
        )  # fmt: skip

    async def allocated(self, name: str, *serials: str, **more: Any) -> AllocationRequested:
        """An order with these units allocated."""
        asked = await self.place(name, len(serials), **more)
        await self.tell(self.gives(asked, serials))
        return asked

    def units(self, *serials: str) -> list[Unit]:
        """Units of the test's product, as scanned."""
        return [Unit(sku=self.sku, serial=serial) for serial in serials]

    def pick(self, name: str, *serials: str, stage: str = "EAST/STAGE") -> Pick:
        """A pick to a stage."""
        return Pick(order=self.no(name), units=self.units(*serials), location=stage)

    def pack(self, name: str, carton: str, *serials: str) -> Pack:
        """Units into a carton."""
        return Pack(order=self.no(name), carton=self.no(carton), units=self.units(*serials))

    async def packed(self, name: str, carton: str, *serials: str, stage: str = "EAST/STAGE", **more: Any) -> None:
        """An order picked and packed into one carton."""
        await self.allocated(name, *serials, **more)
        await self.tell(self.pick(name, *serials, stage=stage), self.pack(name, carton, *serials))

    async def shipped(self, name: str, *serials: str) -> None:
        """An order that has left."""
        await self.packed(name, f"C-{name}", *serials)
        await self.tell(CreateShipment(shipment=self.no(f"SH-{name}"), cartons=[self.no(f"C-{name}")]))
        await self.tell(Dispatch(shipment=self.no(f"SH-{name}")))
        await self.tell(*self.approves(self.heard(DispatchRequested)))

    def approves(self, asked: Sequence[DispatchRequested], minutes: int = 15) -> list[DispatchApproved]:
        """What serials answers when all may leave."""
        until = datetime.now(UTC) + timedelta(minutes=minutes)
        return [
            DispatchApproved(
                sku=sku, check=one.check, shipment=one.shipment, order=one.order, orders=one.orders, until=until,
                serials=[unit.serial for unit in one.units if unit.sku == sku],
            )
            for one in asked for sku in sorted({unit.sku for unit in one.units})
        ]  # fmt: skip


async def post(http: AsyncClient, path: str, body: Any, **headers: str) -> Response:
    """A command of a person."""
    return await http.post(path, json=body, headers={"X-Actor": "ann", "Idempotency-Key": new_id()} | headers)


async def outbox(desk: Desk, kind: str) -> Any:
    """The last event of a type that is still to be published."""
    query = """SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox
               WHERE convert_from(value, 'UTF8')::jsonb->>'type' = :kind ORDER BY id DESC LIMIT 1"""
    (row,) = await desk.rows(query, kind=kind)
    return row["event"]
