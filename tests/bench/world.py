"""A warehouse with goods on their way: products, places, receipts of 1 000 units, and orders of `size` units each.

Everything is laid out so that consecutive messages concern different products and documents, as on a busy floor.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.contracts.commands import fulfillment, receiving, serials
from shared.contracts.envelope import MAX_UNITS, Fact
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

HOUSE, DOCK, STAGE = "EAST", "EAST/DOCK-1", "EAST/STAGE-1"
STORES = tuple(f"EAST/A-{number:03}" for number in range(200))
RECEIPT = 1_000


@dataclass(frozen=True)
class Act:
    """Units that are handled together, and the documents that they come and go with."""

    name: str
    sku: str
    receipt: str
    serials: list[str]


@dataclass(frozen=True)
class World:
    """All units of one wave, in acts of `size`."""

    prefix: str
    units: int
    size: int
    products: int = 48
    receipt: int = RECEIPT
    acts: list[Act] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Deal receipts to the products, and take an act from each receipt in turn."""
        if self.size > MAX_UNITS or self.receipt % self.size or self.units % self.size:
            raise ValueError("acts must fill receipts and units evenly")
        starts = range(0, self.units, self.receipt)
        for offset in range(0, self.receipt, self.size):
            for number, start in enumerate(starts):
                first = start + offset
                if first < self.units:
                    names = [f"{self.prefix}{each:08}" for each in range(first, first + self.size)]
                    sku = self.skus[number % self.products]
                    self.acts.append(Act(f"{self.prefix}{first:08}", sku, f"ASN-{self.prefix}{number}", names))

    @property
    def skus(self) -> list[str]:
        """The products, the same in every world."""
        return [f"SKU-{number:03}" for number in range(self.products)]

    def products_defined(self) -> Iterator[Fact]:
        """What the ERP knows."""
        for sku in self.skus:
            yield ProductDefined(sku=sku, name=f"Product {sku}", serial_tracked=True)

    def places_defined(self) -> Iterator[Fact]:
        """Where goods may be."""
        yield WarehouseDefined(warehouse=HOUSE, name="East")
        yield LocationDefined(location=DOCK, type="DOCK")
        yield LocationDefined(location=STAGE, type="STAGING")
        for sequence, location in enumerate(STORES):
            yield LocationDefined(location=location, type="STORAGE", pick_sequence=sequence)

    def announced(self) -> Iterator[Fact]:
        """Each receipt in parts."""
        for act in self.acts:
            line = AsnLine(line="1", sku=act.sku, quantity=len(act.serials), serials=act.serials)
            yield AsnAnnounced(receipt=act.receipt, warehouse=HOUSE, supplier="Northwind", lines=[line])

    def scanned(self) -> Iterator[Fact]:
        """Each act in a session of its own."""
        for act in self.acts:
            yield receiving.Scan(
                receipt=act.receipt, session=f"S-{act.name}", sku=act.sku, location=DOCK, serials=act.serials
            )

    def confirmed(self) -> Iterator[Fact]:
        """Each session."""
        for act in self.acts:
            yield receiving.ConfirmSession(receipt=act.receipt, session=f"S-{act.name}", units=len(act.serials))

    def put_away(self) -> Iterator[Fact]:
        """Each act to a place of its own turn."""
        for number, act in enumerate(self.acts):
            yield serials.PutAway(sku=act.sku, serials=act.serials, location=STORES[number % len(STORES)])

    def ordered(self) -> Iterator[Fact]:
        """As many orders of one line as there are acts."""
        for act in self.acts:
            line = OrderLine(line="1", sku=act.sku, quantity=len(act.serials))
            yield OrderPlaced(
                order=f"SO-{act.name}", warehouse=HOUSE, customer=Customer(id="C-1", name="Contoso"), lines=[line]
            )


@dataclass(frozen=True)
class Order:
    """An order and the units it was given."""

    order: str
    sku: str
    serials: Sequence[str]

    def units(self) -> list[fulfillment.Unit]:
        """Its units as scanned."""
        return [fulfillment.Unit(sku=self.sku, serial=serial) for serial in self.serials]


def picked(orders: Sequence[Order]) -> Iterator[Fact]:
    """Every unit of every order, staged."""
    for each in orders:
        yield fulfillment.Pick(order=each.order, units=each.units(), location=STAGE)


def packed(orders: Sequence[Order]) -> Iterator[Fact]:
    """A carton an order."""
    for each in orders:
        yield fulfillment.Pack(order=each.order, carton=f"C-{each.order}", units=each.units())


def created(orders: Sequence[Order]) -> Iterator[Fact]:
    """A shipment an order."""
    for each in orders:
        yield fulfillment.CreateShipment(
            shipment=f"SH-{each.order}", orders=[each.order], cartons=[f"C-{each.order}"], carrier="Carrier"
        )


def dispatched(orders: Sequence[Order]) -> Iterator[Fact]:
    """Every shipment leaves."""
    for each in orders:
        yield fulfillment.Dispatch(shipment=f"SH-{each.order}", orders=[each.order])
