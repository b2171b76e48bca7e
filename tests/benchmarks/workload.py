"""Messages of a warehouse workload: products, locations, receipts of 1,000 units, and orders of `size` units.

Consecutive messages concern different products and documents, as in a busy warehouse.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.contracts.commands import fulfillment, receiving, serials
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, Message
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnLine,
    Customer,
    LocationDefined,
    OrderLine,
    OrderPlaced,
    ProductDefined,
    WarehouseDefined,
)

WAREHOUSE, DOCK, STAGE = "EAST", "EAST/DOCK-1", "EAST/STAGE-1"
STORAGE_LOCATIONS = tuple(f"EAST/A-{number:03}" for number in range(200))
UNITS_PER_RECEIPT = 1_000


@dataclass(frozen=True)
class UnitBatch:
    """Units handled together, with their documents."""

    name: str
    sku: str
    receipt: str
    part: int
    serials: list[str]


@dataclass(frozen=True)
class Workload:
    """All units of one run, in batches of `size`."""

    prefix: str
    units: int
    size: int
    products: int = 48
    receipt: int = UNITS_PER_RECEIPT
    batches: list[UnitBatch] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Assign receipts to products, and create batches from each receipt in turn."""
        if self.size > MAX_ITEMS_PER_MESSAGE or self.receipt % self.size or self.units % self.size:
            raise ValueError("`size` must divide `receipt` and `units`")
        starts = range(0, self.units, self.receipt)
        for offset in range(0, self.receipt, self.size):
            for number, start in enumerate(starts):
                first = start + offset
                if first < self.units:
                    serial_numbers = [
                        f"{self.prefix}{unit_number:08}" for unit_number in range(first, first + self.size)
                    ]
                    sku = self.skus[number % self.products]
                    self.batches.append(
                        UnitBatch(
                            f"{self.prefix}{first:08}",
                            sku,
                            f"ASN-{self.prefix}{number}",
                            offset // self.size + 1,
                            serial_numbers,
                        )
                    )

    @property
    def skus(self) -> list[str]:
        """Return the SKUs, equal in all workloads."""
        return [f"SKU-{number:03}" for number in range(self.products)]

    def product_messages(self) -> Iterator[Message]:
        """Define the products."""
        for sku in self.skus:
            yield ProductDefined(sku=sku, name=f"Product {sku}", serial_tracked=True)

    def location_messages(self) -> Iterator[Message]:
        """Define the warehouse and its locations."""
        yield WarehouseDefined(warehouse=WAREHOUSE, name="East")
        yield LocationDefined(location=DOCK, type="DOCK")
        yield LocationDefined(location=STAGE, type="STAGING")
        for sequence, location in enumerate(STORAGE_LOCATIONS):
            yield LocationDefined(location=location, type="STORAGE", pick_sequence=sequence)

    def asn_messages(self) -> Iterator[Message]:
        """Announce each batch on its receipt."""
        for batch in self.batches:
            line = AsnLine(line="1", sku=batch.sku, quantity=len(batch.serials), serials=batch.serials)
            yield AsnAnnounced(
                receipt=batch.receipt, warehouse=WAREHOUSE, supplier="Northwind", part=batch.part,
                parts=self.receipt // self.size, lines=[line],
            )  # fmt: skip

    def scan_commands(self) -> Iterator[Message]:
        """Scan each batch in its own session."""
        for batch in self.batches:
            yield receiving.ScanItems(
                receipt=batch.receipt, session=f"S-{batch.name}", sku=batch.sku, location=DOCK, serials=batch.serials
            )

    def confirm_commands(self) -> Iterator[Message]:
        """Confirm each session."""
        for batch in self.batches:
            yield receiving.ConfirmSession(receipt=batch.receipt, session=f"S-{batch.name}", units=len(batch.serials))

    def putaway_commands(self) -> Iterator[Message]:
        """Put each batch away, cycling through the locations."""
        for number, batch in enumerate(self.batches):
            yield serials.PutAwaySerials(
                sku=batch.sku, serials=batch.serials, location=STORAGE_LOCATIONS[number % len(STORAGE_LOCATIONS)]
            )

    def order_messages(self) -> Iterator[Message]:
        """Place an order of one line per batch."""
        for batch in self.batches:
            line = OrderLine(line="1", sku=batch.sku, quantity=len(batch.serials))
            yield OrderPlaced(
                order=f"SO-{batch.name}", warehouse=WAREHOUSE, customer=Customer(id="C-1", name="Contoso"), lines=[line]
            )


@dataclass(frozen=True)
class AllocatedOrder:
    """An order with its allocated units."""

    order: str
    sku: str
    serials: Sequence[str]

    def scanned_units(self) -> list[fulfillment.UnitSelector]:
        """Return its units as scanned."""
        return [fulfillment.UnitSelector(sku=self.sku, serial=serial) for serial in self.serials]


def pick_commands(orders: Sequence[AllocatedOrder]) -> Iterator[Message]:
    """Pick every unit of every order."""
    for order in orders:
        yield fulfillment.PickItems(order=order.order, units=order.scanned_units(), location=STAGE)


def pack_commands(orders: Sequence[AllocatedOrder]) -> Iterator[Message]:
    """Pack one carton per order."""
    for order in orders:
        yield fulfillment.PackItems(order=order.order, carton=f"C-{order.order}", units=order.scanned_units())


def shipment_commands(orders: Sequence[AllocatedOrder]) -> Iterator[Message]:
    """Create one shipment per order."""
    for order in orders:
        yield fulfillment.CreateShipment(
            shipment=f"SH-{order.order}", orders=[order.order], cartons=[f"C-{order.order}"], carrier="Carrier"
        )


def dispatch_commands(orders: Sequence[AllocatedOrder]) -> Iterator[Message]:
    """Dispatch every shipment."""
    for order in orders:
        yield fulfillment.DispatchShipment(shipment=f"SH-{order.order}", orders=[order.order])
