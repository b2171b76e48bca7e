"""A play over the whole house with counted goods: what to send for each act, given what stands just then."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from shared.contracts.commands.fulfillment import (
    CreateShipment,
    Dispatch,
    ExchangeStock,
    Pack,
    Pick,
    ShortPick,
    Stock,
    Unpick,
)
from shared.contracts.commands.lots import (
    AdjustLot,
    CorrectLot,
    CountLot,
    HoldLot,
    LiftLot,
    MoveLot,
    OpenRecall,
    PutAwayLot,
    RecalledLot,
)
from shared.contracts.commands.receiving import ConfirmSession, DisposeReturn, ReceiveReturn
from shared.contracts.counted import LotQuantity
from shared.contracts.envelope import Fact
from shared.contracts.upstream import AsnAnnounced, OrderAmended, OrderCancelled, OrderLine
from tests.flows.goods import BINS, Goods, day, lot
from tests.flows.shop import DOCK, STAGE, WAREHOUSE
from tests.flows.waiting import eventually
from tests.flows.world import Json, World

LOTS = ("L0", "L1", "L2")
ORDERS = 4
Act = Sequence[Any]


class Play:
    """One product in three lots, each with a bin of its own, and orders of it; an act concerns one of the last four."""

    def __init__(self, world: World) -> None:
        self.world, self.goods = world, Goods(world)
        self.sku = self.goods.sku
        self.receipt = self.goods.no("BLIND")
        self.orders = [self.goods.no("SO") for _ in range(ORDERS)]

    async def begin(self) -> None:
        """Five of each lot, the most of it stored; four orders of two and a half."""
        await self.goods.product()
        await self.world.say(AsnAnnounced(receipt=self.receipt, warehouse=WAREHOUSE, kind="BLIND"))
        await self.goods.arrived(*(lot(name, 5, 20 + number) for number, name in enumerate(LOTS)))
        for name, place in zip(LOTS, BINS, strict=False):
            await self.goods.shelved(name, 4, place)
        await self.world.say(*(self.goods.placed(2, order=name) for name in self.orders))
        await self.rest()

    async def rest(self) -> None:
        """Wait until all is worked on, and the clock has seen every lot that is due."""

        async def seen() -> bool:
            query = "SELECT lot, due FROM balance WHERE sku = $1 AND on_hand > 0 AND due <= $2"
            assert not (due := await self.world.rows("lots", query, self.sku, day(0))), due
            return True

        await self.world.quiet()
        await eventually(seen)
        await self.world.quiet()

    async def facts(self, act: Act, random: Random) -> list[Fact]:
        """What to send for an act."""
        kind, number, quantity = act[0], int(act[1]), Decimal(str(act[2]))
        if kind in ("pick", "short_pick", "unpick", "exchange", "ship"):
            return await self._of_picking(kind, number, quantity, random)
        if kind in ("place", "amend", "cancel"):
            return self._of_orders(kind, number, quantity, random)
        if kind in ("return", "dispose"):
            return await self._of_returns(kind, quantity, random)
        if kind == "lift":
            rows = await self._rows("lots", "hold", "lifted_at IS NULL")
            holds = [row["hold"] for row in rows]
            return [LiftLot(sku=self.sku, hold=random.choice(holds), reason="fine")] if holds else []
        return self._of_stock(kind, number % len(LOTS), quantity, random)

    def _of_orders(self, kind: str, number: int, quantity: Decimal, random: Random) -> list[Fact]:
        wishes: list[Json] = [{}, {}, {"lots": [LOTS[number % len(LOTS)]]}, {"single_lot": True}]
        line = OrderLine.model_validate(
            {"line": "10", "sku": self.sku, "quantity": quantity, **random.choice(wishes)}
        )  # fmt: skip
        if kind == "place":
            backorders = random.choice(["ALLOWED", "ALLOWED", "REFUSED", "SHIP_COMPLETE"])
            placed = self.goods.placed(1, backorders=backorders, min_life_days=random.choice([0, 0, 0, 21]))
            self.orders.append(placed.order)
            return [placed.model_copy(update={"lines": [line]})]
        name = self.orders[-ORDERS:][number % ORDERS]
        if kind == "cancel":
            return [OrderCancelled(order=name)]
        return [OrderAmended(order=name, lines=[line])]

    def _of_stock(self, kind: str, number: int, quantity: Decimal, random: Random) -> list[Fact]:
        name, place = LOTS[number], BINS[number]
        one: Json = {"sku": self.sku, "lot": name}
        some: Json = {**one, "quantity": quantity}
        made: Mapping[str, Callable[[], list[Fact]]] = {
            "arrive": lambda: self._arrive(name, number, quantity),
            "put_away": lambda: [PutAwayLot(**some, from_location=DOCK, location=random.choice(BINS[: len(LOTS)]))],
            "move": lambda: [MoveLot(**some, from_location=place, location=random.choice(BINS))],
            "hold": lambda: [
                HoldLot(**one, location=random.choice([None, place]), hold=self.goods.no("H"), reason="cloudy")
            ],
            "adjust": lambda: [
                AdjustLot(
                    **some, location=random.choice([place, DOCK]), reason="seen",
                    adjustment=random.choice(["SCRAPPED", "LOST", "FOUND"]),
                )
            ],
            "count": lambda: [CountLot(**one, location=place, counted=quantity + 2, reason="counted")],
            "expire": lambda: [CorrectLot(**one, expiry=day(-1), reason="read wrongly")],
            "renew": lambda: [CorrectLot(**one, expiry=day(20 + number), reason="read rightly")],
            "recall": lambda: [
                OpenRecall(
                    recall=self.goods.no("R"), lots=[RecalledLot(sku=self.sku, lot=name)], reason="glass",
                    mock=random.random() < 0.5,
                )
            ],
        }  # fmt: skip
        return made[kind]()

    def _arrive(self, name: str, number: int, quantity: Decimal) -> list[Fact]:
        session = self.goods.no("S")
        scan = self.goods.scan_lots(self.receipt, lot(name, float(quantity), 20 + number))
        return [
            scan.model_copy(update={"session": session}),
            ConfirmSession(receipt=self.receipt, session=session),
        ]

    async def _of_picking(self, kind: str, number: int, quantity: Decimal, random: Random) -> list[Fact]:
        """A command on piles that an order has in hand if any has, else on one it has not."""
        status = "PICKED" if kind in ("unpick", "ship") else "ALLOCATED"
        rows = await self._rows("fulfillment", "pile", f"status = '{status}'")
        row: Json = random.choice(rows) if rows else {"order_id": self.orders[-1], "lot": LOTS[0], "quantity": quantity}
        order, most = row["order_id"], min(quantity, row["quantity"])
        some = Stock(sku=self.sku, lot=row["lot"], quantity=most if number % 2 else row["quantity"])
        match kind:
            case "pick":
                return [Pick(order=order, stock=[some], location=STAGE)]
            case "short_pick":
                return [ShortPick(order=order, stock=[some], reason="not there")]
            case "exchange":
                return [ExchangeStock(order=order, stock=some, instead=LOTS[number % len(LOTS)], reason="torn")]
            case "unpick":
                place = BINS[LOTS.index(row["lot"])]
                return [Unpick(order=order, stock=[some], location=place, again=number % 3 > 0, reason="back")]
        carton, shipment = self.goods.no("CT"), self.goods.no("SH")
        return [
            Pack(order=order, carton=carton, stock=[some]),
            CreateShipment(shipment=shipment, orders=[order], cartons=[carton]),
            Dispatch(shipment=shipment, orders=[order]),
        ]

    async def _of_returns(self, kind: str, quantity: Decimal, random: Random) -> list[Fact]:
        """What was shipped comes back, perhaps more than once; what came back is decided on."""
        if kind == "dispose":
            rows = await self._rows("lots", "hold", "lifted_at IS NULL AND return_id IS NOT NULL")
            how = random.choice(["RESTOCK", "SCRAP", "SEND_BACK"])
            names = [row["return_id"] for row in rows]
            return [DisposeReturn(return_id=random.choice(names), disposition=how, reason="seen")] if names else []
        rows = await self._rows("fulfillment", "pile", "status = 'SHIPPED'")
        if not rows:
            return []
        row = random.choice(rows)
        lots = [LotQuantity(lot=row["lot"], quantity=min(quantity, row["quantity"]))]
        return [
            ReceiveReturn(
                return_id=self.goods.no("RMA"), order=row["order_id"], customer="C-1", sku=self.sku, lots=lots,
                location=DOCK, reason="too many",
            )
        ]  # fmt: skip

    async def _rows(self, service: str, table: str, where: str) -> list[Json]:
        query = f"SELECT * FROM {table} WHERE sku = $1 AND {where} ORDER BY 1"  # noqa: S608
        return await self.world.rows(service, query, self.sku)
