"""Goods under wrong lot numbers, past sales, repairs and recalls beside the orders of a load; all commands come twice.

A flow receives goods and units of one receipt. The lot of the goods is corrected during the pick and after the
departure, that of the units at the dock. A unit sold before comes back and is repaired; another one is recalled.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

from shared.contracts.announced_lots import AnnouncedLot
from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment, LotSelector, PackItems, PickItems
from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.commands.lots import CloseRecall, OpenRecall, PutAwayLot, RecordCustomerContact
from shared.contracts.commands.receiving import ConfirmSession, DisposeReturn, ReceiveReturn, ScanItems, ScannedLot
from shared.contracts.commands.serials import AdjustSerials, CorrectSerialLot, RegisterSoldSerials
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import CartonPacked, OrderLotsPicked
from shared.contracts.lot_corrections import LotNumberCorrected
from shared.contracts.lots import LotAllocated, LotMoved, LotReceived, LotShipped
from shared.contracts.recalls import RecallClosed, RecallOpened
from shared.contracts.receiving import ReceiptLineExpected, ReturnSerialsReceived
from shared.contracts.serial_ranges import SerialNumberRange
from shared.contracts.serials import SerialAdjusted, SerialLotCorrected, SerialRecalled, SerialStateChanged
from shared.contracts.upstream import AsnAnnounced, AsnLine, Customer, OrderLine, OrderPlaced
from tests.faults.plan import DOCK, STAGING, WAREHOUSE
from tests.faults.upstream import ACTOR

ARRIVED, ORDERED, UNITS = Decimal("4.5"), Decimal("1.5"), 4
"""Quantity of goods received and ordered, and number of units received, per flow."""
EXPIRY = date(2150, 1, 31)
REASON = "as on the label"
CHANGES_PER_FLOW = {
    "SALE_REGISTERED": 2, "LOT_CORRECTED": UNITS, "RETURNED": 1, "RETURNED_TO_VENDOR": 1, "RETURNED_FROM_VENDOR": 1,
}  # fmt: skip
"""Changes of units that each flow causes exactly once per unit."""


class IdentifierFlow:
    """One flow; each event about its documents triggers its next commands, once."""

    def __init__(self, name: str, units_sku: str, shelf: str) -> None:
        self.name, self.units_sku, self.shelf = name, units_sku, shelf
        self.goods_sku = f"{name}-goods"
        self.wrong_lot, self.right_lot, self.shipped_lot, self.sold_lot = (f"{name}-{kind}1" for kind in "WRSD")
        self.repaired, self.sold = f"{name}-repaired-1", f"{name}-sold-1"
        self.open_steps = {"units corrected", "repaired", "recall closed"}
        self._sent: set[object] = set()
        self._facts: set[str] = set()
        self._expected_lot = self._packed_lot = ""
        """Lot of the order's goods once all services know their right number, and the lot in its carton."""

    @property
    def contacts(self) -> list[tuple[str, str, str]]:
        """Return the recall, product and lot or serial number of each customer contact."""
        return [(self.name, self.goods_sku, self.shipped_lot), (self.name, self.units_sku, self.sold)]

    def start(self) -> list[Message]:
        """Return the announcement of the receipt, the order of its goods and the past sales."""
        lines = [
            AsnLine(line="1", sku=self.units_sku, quantity=Decimal(UNITS),
                    lots=[AnnouncedLot(lot=f"{self.name}-B1", serials=self._serial_range().expand())]),
            AsnLine(line="2", sku=self.goods_sku, quantity=ARRIVED,
                    lots=[AnnouncedLot(lot=self.wrong_lot, quantity=ARRIVED, expiry=EXPIRY)]),
        ]  # fmt: skip
        order_lines = [OrderLine(line="1", sku=self.goods_sku, quantity=ORDERED)]
        customer = Customer(id=f"{self.name}-C")
        return [
            AsnAnnounced(receipt=self.name, warehouse=WAREHOUSE, lines=lines),
            OrderPlaced(order=self.name, warehouse=WAREHOUSE, customer=customer, lines=order_lines),
            self._past_sale(self.repaired, None),
            self._past_sale(self.sold, self.sold_lot),
        ]

    def on_event(self, data: Message) -> Iterator[Message]:
        """Yield the next commands; an event that comes again yields none."""
        for command in (*self._on_goods(data), *self._on_units(data), *self._on_recall(data)):
            step = type(command), getattr(command, "lot", None), getattr(command, "lot_or_serial", None)
            if step not in self._sent:
                self._sent.add(step)
                yield command

    def revise(self, message: Message) -> Message:
        """Return a command that preceded the event which its service awaits; goods may have their other number."""
        if not isinstance(message, PickItems | PackItems):
            return message
        (item,) = message.stock
        other = self.right_lot if item.lot == self.wrong_lot else self.wrong_lot
        return message.model_copy(update={"stock": [item.model_copy(update={"lot": other})]})

    def _serial_range(self) -> SerialNumberRange:
        return SerialNumberRange.model_validate({"from": f"{self.name}-001", "count": UNITS})

    def _past_sale(self, serial: str, lot: str | None) -> Message:
        return RegisterSoldSerials(
            actor=ACTOR, sku=self.units_sku, serials=[serial], lot=lot, sold_on=datetime.now(UTC).date(),
            order=f"{serial}-INV", customer=f"{serial}-C", reason="taken over",
        )  # fmt: skip

    def _on_goods(self, data: Message) -> Iterator[Message]:
        match data:
            case ReceiptLineExpected(receipt=self.name, sku=self.goods_sku):
                yield from self._scan_commands()
            case LotReceived(sku=self.goods_sku):
                yield PutAwayLot(
                    actor=ACTOR, sku=self.goods_sku, lot=self.wrong_lot, quantity=ARRIVED, from_location=DOCK,
                    location=self.shelf, document=self.name,
                )  # fmt: skip
            case LotMoved(sku=self.goods_sku):
                yield CorrectLotNumber(
                    actor=ACTOR, sku=self.goods_sku, from_lot=self.wrong_lot, lot=self.right_lot, location=self.shelf,
                    reason=REASON,
                )  # fmt: skip
            case LotAllocated(order=self.name, allocated=[first, *_]):
                self._expected_lot = self._expected_lot or first.lot
                item = LotSelector(sku=self.goods_sku, lot=first.lot, quantity=ORDERED)
                yield PickItems(actor=ACTOR, order=self.name, stock=[item], location=STAGING)
            case OrderLotsPicked(order=self.name, lots=[picked]):
                item = LotSelector(sku=self.goods_sku, lot=picked.lot, quantity=ORDERED)
                yield PackItems(actor=ACTOR, order=self.name, carton=f"{self.name}-B", stock=[item])
            case LotNumberCorrected(sku=self.goods_sku, location=self.shelf, stock=stock):
                self._facts.add("corrected on the shelf")
                self._expected_lot = self.right_lot if stock else self._expected_lot
            case CartonPacked(order=self.name, stock=[packed]):
                self._packed_lot = packed.lot
            case LotShipped(order=self.name, lots=[shipped]):
                yield CorrectLotNumber(
                    actor=ACTOR, sku=self.goods_sku, from_lot=shipped.lot, lot=self.shipped_lot, shipment=self.name,
                    reason=REASON,
                )  # fmt: skip
        if "corrected on the shelf" in self._facts and self._packed_lot and self._packed_lot == self._expected_lot:
            documents = {"actor": ACTOR, "shipment": self.name, "orders": [self.name]}
            yield CreateShipment.model_validate(documents | {"cartons": [f"{self.name}-B"], "carrier": "PARCEL"})
            yield DispatchShipment.model_validate(documents)

    def _scan_commands(self) -> Iterator[Message]:
        scan = ScanItems(
            actor=ACTOR, receipt=self.name, session="1", location=DOCK, sku=self.goods_sku,
            lots=[ScannedLot(lot=self.wrong_lot, quantity=ARRIVED, expiry=EXPIRY)],
        )  # fmt: skip
        # Not validated here: the model would list the serial numbers instead of the range.
        units = {"sku": self.units_sku, "ranges": [self._serial_range()], "lots": [], "lot": f"{self.name}-B1"}
        yield scan.model_copy(update=units)
        yield scan
        yield ConfirmSession(actor=ACTOR, receipt=self.name, session="1", units=UNITS, quantity=ARRIVED)

    def _on_units(self, data: Message) -> Iterator[Message]:
        match data:
            case SerialStateChanged(receipt=self.name, status="RECEIVED", serials=serials):
                yield CorrectSerialLot(
                    actor=ACTOR, sku=self.units_sku, serials=serials, lot=f"{self.name}-C1", reason=REASON
                )
            case SerialLotCorrected(lot=lot) if lot == f"{self.name}-C1":
                self.open_steps.discard("units corrected")
            case SerialStateChanged(serials=[self.repaired], status="SHIPPED", order=order, customer=customer):
                yield ReceiveReturn.model_validate({
                    "actor": ACTOR, "return_id": self.name, "order": order, "customer": customer, "reason": "broken",
                    "sku": self.units_sku, "serials": [self.repaired], "location": DOCK,
                })  # fmt: skip
            case ReturnSerialsReceived(return_id=self.name):
                yield DisposeReturn(actor=ACTOR, return_id=self.name, disposition="RETURN_TO_VENDOR", reason="repair")
            case SerialAdjusted(serials=[self.repaired], adjustment="RETURNED_TO_VENDOR"):
                yield AdjustSerials(
                    actor=ACTOR, sku=self.units_sku, serials=[self.repaired], adjustment="RETURNED_FROM_VENDOR",
                    location=DOCK, reason="repaired",
                )  # fmt: skip
            case SerialAdjusted(serials=[self.repaired], adjustment="RETURNED_FROM_VENDOR"):
                self.open_steps.discard("repaired")

    def _on_recall(self, data: Message) -> Iterator[Message]:
        """Recall what was sold by a notice, once the lot of the shipped goods is right; note each customer."""
        match data:
            case LotNumberCorrected(sku=self.goods_sku, location=None):
                self._facts.add("corrected at the customer")
            case SerialStateChanged(serials=[self.sold], status="SHIPPED"):
                self._facts.add("sold")
            case RecallOpened(recall=self.name, sku=self.goods_sku):
                yield self._contact(f"{self.name}-C", self.name, self.name, self.goods_sku, self.shipped_lot)
            case SerialRecalled(recall=self.name, units=[unit, *_]):
                order, customer = unit.order or "", unit.customer or ""
                yield self._contact(customer, order, unit.shipment or "", self.units_sku, unit.serial)
                yield CloseRecall(actor=ACTOR, recall=self.name, reason="all called")
            case RecallClosed(recall=self.name):
                self.open_steps.discard("recall closed")
        if self._facts >= {"corrected at the customer", "sold"}:
            yield OpenRecall(
                actor=ACTOR, recall=self.name, skus=[self.goods_sku, self.units_sku], reason="notice of the maker",
                text=f"Lot {self.shipped_lot} is unsafe.\nSo is lot {self.sold_lot}.\nCall your customers.",
            )  # fmt: skip

    def _contact(self, customer: str, order: str, shipment: str, sku: str, lot_or_serial: str) -> Message:
        return RecordCustomerContact(
            actor=ACTOR, recall=self.name, customer=customer, order=order, shipment=shipment, sku=sku,
            lot_or_serial=lot_or_serial, outcome="DESTROYED",
        )  # fmt: skip
