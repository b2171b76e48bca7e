"""Product definitions: tracking is fixed once a product is in use; a barcode belongs to one product."""

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple
from urllib.parse import quote

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.reference import ProductChanged, Tracking
from shared.contracts.upstream import Barcode, ProductDefined, ShelfLifePolicy
from shared.identifiers import MAX_DECIMALS, resource_path
from shared.inventory.decimals import decimals_of


class Product(NamedTuple):
    """A product; `barcodes` are pairs of code and quantity per scan."""

    sku: str
    version: int
    name: str
    unit: str
    tracking: Tracking
    barcodes: tuple[tuple[str, int], ...] = ()
    shelf_life: ShelfLifePolicy = ShelfLifePolicy()
    decimals: int = MAX_DECIMALS

    def to_event(self) -> ProductChanged:
        """Create the product event."""
        codes = [Barcode(code=code, quantity=quantity) for code, quantity in self.barcodes]
        return ProductChanged(
            sku=self.sku, version=self.version, name=self.name, unit=self.unit, tracking=self.tracking, barcodes=codes,
            shelf_life=self.shelf_life, decimals=self.decimals,
        )  # fmt: skip


class ProductOut(KnownFieldsModel):
    """A product."""

    sku: str
    version: int
    name: str
    unit: str
    tracking: Tracking
    barcodes: list[Barcode]
    shelf_life: ShelfLifePolicy
    decimals: int = MAX_DECIMALS


class BarcodeMatch(NamedTuple):
    """Product and quantity of a barcode."""

    sku: str
    quantity: int


class ProductDefinitionResult(NamedTuple):
    """Result of one definition: the product before and after, or a violation."""

    before: Product | None
    after: Product | None
    violation: ProblemDetail | None = None

    @property
    def is_changed(self) -> bool:
        """Whether the definition changed the product."""
        return self.after is not None and self.after is not self.before


def define_products(
    existing: Mapping[str, Product],
    barcode_owners: Mapping[str, str],
    used_skus: Set[str],
    definitions: Sequence[ProductDefined],
) -> list[ProductDefinitionResult]:
    """Apply definitions in order; `used_skus` are products with receipts, units or lot scans."""
    current, owners = dict(existing), dict(barcode_owners)
    results = []
    for definition in definitions:
        before = current.get(definition.sku)
        if violation := _definition_violation(before, owners, used_skus, definition):
            results.append(ProductDefinitionResult(before, None, violation))
            continue
        after = _next_version(before, definition)
        if after is not before:
            current[definition.sku] = after
            owners.update(dict.fromkeys(_barcodes_of(before) - _barcodes_of(after), ""))
            owners.update(dict.fromkeys(_barcodes_of(after), definition.sku))
        results.append(ProductDefinitionResult(before, after))
    return results


def _barcodes_of(product: Product | None) -> set[str]:
    return {code for code, _ in product.barcodes} if product else set()


def _tracking_of(definition: ProductDefined) -> Tracking:
    return "SERIAL" if definition.serial_tracked else "LOT" if definition.lot_tracked else "NONE"


def with_defaults(policy: ShelfLifePolicy, tracking: Tracking) -> ShelfLifePolicy:
    """Complete a policy with defaults: lot-tracked products require an expiry unless defined otherwise."""
    expiry_required = tracking == "LOT" if policy.expiry_required is None else policy.expiry_required
    alert_days = sorted(set(policy.expiry_alert_days), reverse=True)
    customers = sorted(policy.customers, key=lambda rule: (rule.customer, rule.min_remaining_shelf_life_days))
    return policy.model_copy(
        update={"expiry_required": expiry_required, "expiry_alert_days": alert_days, "customers": customers}
    )


def _definition_violation(
    before: Product | None, owners: Mapping[str, str], used_skus: Set[str], definition: ProductDefined
) -> ProblemDetail | None:
    if definition.serial_tracked and definition.lot_tracked:
        return ProblemDetail(
            code=Code.CONFLICTING_TRACKING, detail=f"Product {definition.sku} cannot be tracked by serial and by lot"
        )
    if before and before.tracking != _tracking_of(definition) and definition.sku in used_skus:
        return ProblemDetail(
            code=Code.PRODUCT_IN_USE,
            detail=f"Product {definition.sku} is in use; its tracking {before.tracking} cannot change",
            blocked_by=[f"/receipts?sku={quote(definition.sku, safe='')}"],
        )
    codes = [barcode.code for barcode in definition.barcodes]
    if repeated := sorted({code for code in codes if codes.count(code) > 1}):
        return ProblemDetail(
            code=Code.BARCODE_TAKEN, detail=f"Product {definition.sku} repeats a barcode", ids=repeated
        )
    if taken := [code for code in codes if owners.get(code, "") not in {"", definition.sku}]:
        owner_paths = sorted({resource_path("products", owners[code]) for code in taken})
        return ProblemDetail(
            code=Code.BARCODE_TAKEN,
            detail=f"Barcodes of another product: {', '.join(taken)}",
            ids=taken,
            blocked_by=owner_paths,
        )
    return None


def _next_version(before: Product | None, definition: ProductDefined) -> Product:
    """Return the next version, or the same product if nothing changes."""
    barcodes = tuple(sorted((barcode.code, barcode.quantity) for barcode in definition.barcodes))
    version = before.version if before else 0
    tracking = _tracking_of(definition)
    after = Product(
        sku=definition.sku,
        version=version,
        name=definition.name,
        unit=definition.unit,
        tracking=tracking,
        barcodes=barcodes,
        shelf_life=with_defaults(definition.shelf_life, tracking),
        decimals=decimals_of(tracking, definition.decimals),
    )
    return before if after == before and before else after._replace(version=version + 1)
