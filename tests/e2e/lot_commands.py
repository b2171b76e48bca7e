"""Random steps of lot-tracked stock: the messages to send for each step in the current state."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from shared.contracts.commands.fulfillment import (
    CreateShipment,
    DispatchShipment,
    LotSelector,
    PackItems,
    PickItems,
    ReportShortPick,
    SwapLot,
    UnpickItems,
)
from shared.contracts.commands.lot_corrections import CorrectLotDates, CorrectLotNumber
from shared.contracts.commands.lots import (
    AdjustLot,
    CountLot,
    MoveLot,
    OpenRecall,
    PlaceLotHold,
    PutAwayLot,
    ReleaseLotHold,
)
from shared.contracts.commands.recalled_items import RecalledLot
from shared.contracts.commands.receiving import ConfirmSession, DisposeReturn, ReceiveReturn
from shared.contracts.envelope import Message
from shared.contracts.quantities import LotQuantity
from shared.contracts.upstream import AsnAnnounced, OrderAmended, OrderCancelled, OrderLine
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, day_from_now, scanned_lot
from tests.e2e.serial_scenario import DOCK, STAGE, WAREHOUSE
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.messages.lot_orders import missing_lots
from tests.support.polling import wait_until

LOTS = ("L0", "L1", "L2")
ORDERS = 4
Step = Sequence[Any]


class LotCommandGenerator:
    """One product in three lots, each at its own location; a step concerns one of the last four orders."""

    def __init__(self, system: SystemUnderTest) -> None:
        self.system, self.scenario = system, LotScenario(system)
        self.sku = self.scenario.sku
        self.receipt = self.scenario.new_id("BLIND")
        self.orders = [self.scenario.new_id("SO") for _ in range(ORDERS)]

    async def set_up(self) -> None:
        """Stock five of each lot, most of it stored; place four orders."""
        await self.scenario.define_product()
        await self.system.publish(AsnAnnounced(receipt=self.receipt, warehouse=WAREHOUSE, kind="BLIND"))
        await self.scenario.receive_lots(*(scanned_lot(name, 5, 20 + number) for number, name in enumerate(LOTS)))
        for name, location in zip(LOTS, STORAGE_LOCATIONS, strict=False):
            await self.scenario.put_away_lot(name, 4, location)
        await self.system.publish(*(self.scenario.order_command(2, order=name) for name in self.orders))
        await self.wait_until_settled()

    async def wait_until_settled(self) -> None:
        """Wait until all messages are processed and no expiry check is due."""

        async def no_expiry_check_due() -> bool:
            query = (
                "SELECT lot, next_expiry_check FROM balance WHERE sku = $1 AND on_hand > 0 AND next_expiry_check <= $2"
            )
            assert not (due := await self.system.fetch_rows("lots", query, self.sku, day_from_now(0))), due
            return True

        await self.system.wait_until_quiescent()
        await wait_until(no_expiry_check_due)
        await self.system.wait_until_quiescent()

    async def messages_for(self, step: Step, rng: Random) -> list[Message]:
        """Return the messages to send for a step."""
        kind, number, quantity = step[0], int(step[1]), Decimal(str(step[2]))
        if kind in ("pick", "short_pick", "unpick", "swap", "ship"):
            return await self._picking_commands(kind, number, quantity, rng)
        if kind in ("place", "amend", "cancel"):
            return self._order_messages(kind, number, quantity, rng)
        if kind in ("return", "dispose"):
            return await self._return_commands(kind, quantity, rng)
        if kind == "release":
            rows = await self._fetch_rows("lots", "hold", "released_at IS NULL")
            holds = [row["hold_id"] for row in rows]
            return [ReleaseLotHold(sku=self.sku, hold_id=rng.choice(holds), reason="inspected")] if holds else []
        return self._stock_commands(kind, number % len(LOTS), quantity, rng)

    def _order_messages(self, kind: str, number: int, quantity: Decimal, rng: Random) -> list[Message]:
        criteria: list[JsonObject] = [{}, {}, {"lots": [LOTS[number % len(LOTS)]]}, {"single_lot": True}]
        line = OrderLine.model_validate(
            {"line": "10", "sku": self.sku, "quantity": quantity, **rng.choice(criteria)}
        )  # fmt: skip
        if kind == "place":
            backorders = rng.choice(["ALLOWED", "ALLOWED", "NOT_ALLOWED", "SHIP_COMPLETE"])
            order = self.scenario.order_command(
                1, backorders=backorders, min_remaining_shelf_life_days=rng.choice([0, 0, 0, 21])
            )
            self.orders.append(order.order)
            return [order.model_copy(update={"lines": [line]})]
        order_id = self.orders[-ORDERS:][number % ORDERS]
        if kind == "cancel":
            return [OrderCancelled(order=order_id)]
        return [OrderAmended(order=order_id, lines=[line])]

    def _stock_commands(self, kind: str, number: int, quantity: Decimal, rng: Random) -> list[Message]:
        lot_number, location = LOTS[number], STORAGE_LOCATIONS[number]
        lot_key: JsonObject = {"sku": self.sku, "lot": lot_number}
        quantity_key: JsonObject = {**lot_key, "quantity": quantity}
        commands: Mapping[str, Callable[[], list[Message]]] = {
            "receive": lambda: self._receive_commands(lot_number, number, quantity),
            "put_away": lambda: [
                PutAwayLot(**quantity_key, from_location=DOCK, location=rng.choice(STORAGE_LOCATIONS[: len(LOTS)]))
            ],
            "move": lambda: [MoveLot(**quantity_key, from_location=location, location=rng.choice(STORAGE_LOCATIONS))],
            "hold": lambda: [
                PlaceLotHold(
                    **lot_key,
                    location=rng.choice([None, location]),
                    hold_id=self.scenario.new_id("H"),
                    reason="contaminated",
                )
            ],
            "adjust": lambda: [
                AdjustLot(
                    **quantity_key,
                    location=rng.choice([location, DOCK]),
                    reason="inspected",
                    adjustment=rng.choice(["SCRAPPED", "LOST", "FOUND"]),
                )
            ],
            "count": lambda: [
                CountLot(
                    **lot_key,
                    location=rng.choice([location, location, STAGE]),
                    counted=quantity + 2,
                    counted_at=datetime.now(UTC) - timedelta(seconds=rng.choice([0, 1, 5])),
                    reason="counted",
                )
            ],
            "rename": lambda: [
                CorrectLotNumber(
                    sku=self.sku,
                    from_lot=lot_number,
                    lot=rng.choice([*LOTS[:number], *LOTS[number + 1 :]]),
                    location=rng.choice([None, location, DOCK, STAGE]),
                    reason="label misread",
                )
            ],
            "expire": lambda: [CorrectLotDates(**lot_key, expiry=day_from_now(-1), reason="label misread")],
            "restore": lambda: [CorrectLotDates(**lot_key, expiry=day_from_now(20 + number), reason="label verified")],
            "recall": lambda: [
                OpenRecall(
                    recall=self.scenario.new_id("R"),
                    lots=[RecalledLot(sku=self.sku, lot=lot_number)],
                    reason="glass",
                    mock=rng.random() < 0.5,
                )
            ],
        }
        return commands[kind]()

    def _receive_commands(self, lot_number: str, number: int, quantity: Decimal) -> list[Message]:
        session = self.scenario.new_id("S")
        scan = self.scenario.scan_lots_command(self.receipt, scanned_lot(lot_number, float(quantity), 20 + number))
        return [
            scan.model_copy(update={"session": session}),
            ConfirmSession(receipt=self.receipt, session=session),
        ]

    async def _picking_commands(self, kind: str, number: int, quantity: Decimal, rng: Random) -> list[Message]:
        """Return a command on an allocated or picked lot, or on a lot the order does not have."""
        status = "PICKED" if kind in ("unpick", "ship") else "ALLOCATED"
        rows = await self._fetch_rows("fulfillment", "allocated_lot", f"status = '{status}'")
        row: JsonObject = (
            rng.choice(rows) if rows else {"order_id": self.orders[-1], "lot": LOTS[0], "quantity": quantity}
        )
        order, limited_quantity = row["order_id"], min(quantity, row["quantity"])
        selector = LotSelector(
            sku=self.sku, lot=row["lot"], quantity=limited_quantity if number % 2 else row["quantity"]
        )
        match kind:
            case "pick":
                return [PickItems(order=order, stock=[selector], location=STAGE)]
            case "short_pick":
                located = selector.model_copy(update={"location": row.get("location")})
                missing = missing_lots([located], rng.choice([None, None, 0, 1, 3]))
                return [ReportShortPick(order=order, stock=missing, reason="not there")]
            case "swap":
                return [SwapLot(order=order, stock=selector, replacement=LOTS[number % len(LOTS)], reason="torn")]
            case "unpick":
                location = STORAGE_LOCATIONS[LOTS.index(row["lot"])]
                return [
                    UnpickItems(
                        order=order, stock=[selector], location=location, reallocate=number % 3 > 0, reason="unpicked"
                    )
                ]
        carton, shipment = self.scenario.new_id("CT"), self.scenario.new_id("SH")
        return [
            PackItems(order=order, carton=carton, stock=[selector]),
            CreateShipment(shipment=shipment, orders=[order], cartons=[carton]),
            DispatchShipment(shipment=shipment, orders=[order]),
        ]

    async def _return_commands(self, kind: str, quantity: Decimal, rng: Random) -> list[Message]:
        """Return a customer return, possibly repeated, or a disposition."""
        if kind == "dispose":
            rows = await self._fetch_rows("lots", "hold", "released_at IS NULL AND return_id IS NOT NULL")
            disposition = rng.choice(["RESTOCK", "SCRAP", "RETURN_TO_VENDOR"])
            return_ids = [row["return_id"] for row in rows]
            return (
                [DisposeReturn(return_id=rng.choice(return_ids), disposition=disposition, reason="inspected")]
                if return_ids
                else []
            )
        rows = await self._fetch_rows("fulfillment", "allocated_lot", "status = 'SHIPPED'")
        if not rows:
            return []
        row = rng.choice(rows)
        lots = [LotQuantity(lot=row["lot"], quantity=min(quantity, row["quantity"]))]
        return [
            ReceiveReturn(
                return_id=self.scenario.new_id("RMA"), order=row["order_id"], customer="C-1", sku=self.sku, lots=lots,
                location=DOCK, reason="too many",
            )
        ]  # fmt: skip

    async def _fetch_rows(self, service: str, table: str, condition: str) -> list[JsonObject]:
        query = f"SELECT * FROM {table} WHERE sku = $1 AND {condition} ORDER BY 1"  # noqa: S608
        return await self.system.fetch_rows(service, query, self.sku)
