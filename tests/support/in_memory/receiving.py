"""In-memory receiving with a small warehouse."""

from datetime import UTC, datetime

from services.receiving.app import app
from services.receiving.locations.domain.records import Location, Warehouse
from services.receiving.products.domain.definitions import with_defaults
from services.receiving.products.domain.records import Product, ProductBarcode
from services.receiving.raw_scans import USES
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import Message
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.reference import Tracking
from shared.inventory.decimals import decimals_of
from shared.inventory.scan_meanings import Catalogue, KnownName, KnownProduct
from shared.unit_of_work import CommandResult
from shared.working_set import WorkingSet
from tests.support.events import to_event
from tests.support.in_memory.service import InMemoryService, numbered_ids

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
SHORT_SHELF_LIFE = ShelfLifePolicy(expiry_required=True, min_remaining_shelf_life_at_receipt=5)


class InMemoryReceiving(InMemoryService[ReceivingUnitOfWork]):
    """Receiving with warehouse EAST: PUMP and SCREW are serial-tracked, MILK lot-tracked, SALT untracked."""

    uses = USES

    def __init__(self) -> None:
        super().__init__(app.state.registry, ReceivingUnitOfWork(NOW, numbered_ids("id-")), accept_changes, NOW)
        self.define_product("PUMP", "SERIAL")
        self.define_product("SCREW", "SERIAL")
        self.define_product("SALT", "NONE")
        self.define_product("MILK", "LOT", SHORT_SHELF_LIFE)
        self.uow.barcodes.load([ProductBarcode("4006", "PUMP", 1), ProductBarcode("4007", "MILK", 12)])
        self.uow.warehouses.load([Warehouse("EAST", 1, "East", "UTC")])
        self.uow.locations.load(
            [
                Location("EAST/DOCK", 1, "DOCK", 0), Location("EAST/QA", 1, "STAGING", 0),
                Location("EAST/A-1", 1, "STORAGE", 0), Location("WEST/DOCK", 1, "DOCK", 0),
            ]
        )  # fmt: skip

    def define_product(self, sku: str, tracking: Tracking, policy: ShelfLifePolicy | None = None) -> None:
        """Add or replace a product."""
        decimals, shelf_life = decimals_of(tracking, 6), with_defaults(policy or ShelfLifePolicy(), tracking)
        self.uow.products.put(Product(sku, 1, sku, "each", tracking, shelf_life, decimals))

    def handle_command(self, command: Message, actor: str = "anna") -> CommandResult:
        """Handle one command of a user."""
        (result,) = self.handle_events([to_event(command, actor, self.now)])
        return result

    def catalogue(self) -> Catalogue:
        """What scans may name, as the statement of the service finds it."""
        products = (KnownProduct(row.sku, row.tracking, row.serial_format) for row in self.uow.products)
        names = [KnownName("BARCODE", row.code, row.sku, row.quantity) for row in self.uow.barcodes]
        names += [KnownName("SKU", row.sku, row.sku) for row in self.uow.products]
        names += [
            KnownName("SERIAL", row.serial, row.sku, document=row.order_id if row.status == "SHIPPED" else row.receipt)
            for row in self.uow.units if row.status not in {"INACTIVE", "VOID"}
        ]  # fmt: skip
        return Catalogue(products, names)

    def handle_event(self, event: Message) -> list[Message]:
        """Handle one event; returns the emitted events."""
        self.handle(event)
        return self.uow.emitted


def accept_changes(uow: ReceivingUnitOfWork) -> None:
    """Regard all changes as saved."""
    for rows in vars(uow).values():
        if isinstance(rows, WorkingSet):
            rows.pop_changes()
