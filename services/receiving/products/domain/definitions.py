"""Product definitions: tracking and unit are fixed once a product is in use; a barcode belongs to one product."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from services.receiving.products.domain.barcodes import find_barcodes, reject_wrong_gtins
from services.receiving.products.domain.records import (
    FixedDefinition,
    Product,
    ProductBarcode,
    ProductChange,
    ProductResult,
)
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.envelope import ContractModel
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.product_attributes import Barcode, ShelfLifePolicy, Warranty
from shared.contracts.reference import ProductChanged, ProductOrdered, Tracking
from shared.contracts.serial_formats import SerialFormat
from shared.contracts.upstream import ProductDefined
from shared.identifiers import MAX_DECIMALS, resource_path
from shared.inventory.decimals import decimals_of
from shared.inventory.serial_formats import format_fault
from shared.merge_patch import merge_patch
from shared.unit_of_work import CommandResult


class ProductDefinition(ContractModel):
    """The whole definition of a product, with its default values."""

    sku: str
    name: str
    unit: str = "each"
    serial_tracked: bool = False
    lot_tracked: bool = False
    barcodes: list[Barcode] = []
    shelf_life: ShelfLifePolicy = ShelfLifePolicy()
    decimals: int = MAX_DECIMALS
    serial_format: SerialFormat | None = None
    serials_unique_per_product: bool = False
    receive_by_carton: bool = False
    warranty: Warranty | None = None


def define_product(uow: ReceivingUnitOfWork, patch: ProductDefined) -> CommandResult:
    """Create or change a product; each change gets a version, a log entry and an event (S01, S03)."""
    patch, rejected = reject_wrong_gtins(patch)
    before, barcodes_before = uow.products.get(patch.sku), uow.barcodes_of(patch.sku)
    definition = _apply(patch, before, barcodes_before)
    if isinstance(definition, ProblemDetail):
        return CommandResult.rejected(definition)
    if violation := _definition_violation(uow, before, definition):
        return CommandResult.rejected(violation)
    after = _to_product(definition, before.version if before else 0)
    barcodes = sorted(ProductBarcode(entry.code, definition.sku, entry.quantity) for entry in definition.barcodes)
    is_changed = after != before or barcodes != barcodes_before
    if is_changed:
        after = uow.products.put(after._replace(version=after.version + 1))
        _replace_barcodes(uow, barcodes_before, barcodes)
        _log_change(uow, before and _to_json(before, barcodes_before), after, barcodes)
    codes = [Barcode(code=barcode.code, quantity=barcode.quantity) for barcode in barcodes]
    fields = after._asdict() | {"barcodes": codes}
    if is_changed:
        uow.emit(ProductChanged, **fields)
    result = CommandResult(ProductResult(**fields), violations=rejected)
    return result if before else result.created(resource_path("products", definition.sku))


def _apply(
    patch: ProductDefined, before: Product | None, barcodes: Sequence[ProductBarcode]
) -> ProductDefinition | ProblemDetail:
    """Merge the patch into the current definition."""
    current = _to_document(before, barcodes) if before else {}
    document = merge_patch(current, patch.model_dump(exclude_unset=True))
    if "name" not in document:
        return ProblemDetail(code=Code.INCOMPLETE_DEFINITION, detail=f"Product {patch.sku} needs a name", ids=["name"])
    if "months" not in document.get("warranty", {"months"}):
        detail = f"The warranty of product {patch.sku} needs months; null removes the warranty"
        return ProblemDetail(code=Code.INCOMPLETE_DEFINITION, detail=detail, ids=["warranty"])
    return ProductDefinition.model_validate(document)


def _to_document(product: Product, barcodes: Sequence[ProductBarcode]) -> dict[str, Any]:
    """Return the current definition; values that follow from the tracking are left out."""
    shelf_life = product.shelf_life.model_dump()
    if product.shelf_life.expiry_required == _requires_expiry(product.tracking):
        del shelf_life["expiry_required"]
    return {
        "sku": product.sku, "name": product.name, "unit": product.unit, "serial_tracked": product.tracking == "SERIAL",
        "lot_tracked": product.tracking == "LOT", "shelf_life": shelf_life,
        "barcodes": [{"code": barcode.code, "quantity": barcode.quantity} for barcode in barcodes],
        "serials_unique_per_product": product.serials_unique_per_product,
        "receive_by_carton": product.receive_by_carton,
        **({} if product.tracking == "SERIAL" else {"decimals": product.decimals}),
        **({"serial_format": _to_rules(product.serial_format)} if product.serial_format else {}),
        **({"warranty": product.warranty.model_dump()} if product.warranty else {}),
    }  # fmt: skip


def _to_rules(serial_format: SerialFormat | None) -> dict[str, Any] | None:
    return serial_format.model_dump(exclude_none=True) if serial_format else None


def _replace_barcodes(
    uow: ReceivingUnitOfWork, before: Sequence[ProductBarcode], after: Sequence[ProductBarcode]
) -> None:
    for barcode in before:
        uow.barcodes.remove(barcode.code)
    for barcode in after:
        uow.barcodes.put(barcode)


def _log_change(
    uow: ReceivingUnitOfWork, before: str | None, after: Product, barcodes: Sequence[ProductBarcode]
) -> None:
    event = uow.event
    uow.product_changes.append(
        ProductChange(
            sku=after.sku, version=after.version, changed_at=uow.now, actor=event.actor, source=event.source,
            message=event.id, before=before, after=_to_json(after, barcodes),
        )
    )  # fmt: skip


def _to_json(product: Product, barcodes: Sequence[ProductBarcode]) -> str:
    pairs = [[barcode.code, barcode.quantity] for barcode in barcodes]
    warranty = product.warranty and product.warranty.model_dump()
    models = {"shelf_life": product.shelf_life.model_dump(), "serial_format": _to_rules(product.serial_format)}
    return json.dumps(product._asdict() | {"barcodes": pairs, "warranty": warranty} | models)


def _requires_expiry(tracking: Tracking) -> bool:
    return tracking == "LOT"


def _tracking_of(definition: ProductDefinition) -> Tracking:
    return "SERIAL" if definition.serial_tracked else "LOT" if definition.lot_tracked else "NONE"


def with_defaults(policy: ShelfLifePolicy, tracking: Tracking) -> ShelfLifePolicy:
    """Complete a policy with defaults: lot-tracked products require an expiry unless defined otherwise."""
    expiry_required = _requires_expiry(tracking) if policy.expiry_required is None else policy.expiry_required
    alert_days = sorted(set(policy.expiry_alert_days), reverse=True)
    customers = sorted(policy.customers, key=lambda rule: (rule.customer, rule.min_remaining_shelf_life_days))
    return policy.model_copy(
        update={"expiry_required": expiry_required, "expiry_alert_days": alert_days, "customers": customers}
    )


def _definition_violation(
    uow: ReceivingUnitOfWork, before: Product | None, definition: ProductDefinition
) -> ProblemDetail | None:
    if definition.serial_tracked and definition.lot_tracked:
        return ProblemDetail(
            code=Code.CONFLICTING_TRACKING, detail=f"Product {definition.sku} cannot be tracked by serial and by lot"
        )
    history = uow.product_history
    is_used = definition.sku in history.used
    if (
        before
        and (is_used or definition.sku in history.ordered)
        and (fixed := _fixed_value(_fixed_part(before), _fixed_part(definition)))
    ):
        return ProblemDetail(
            code=Code.PRODUCT_IN_USE,
            detail=f"Product {definition.sku} {'is in use' if is_used else 'was ordered'}; {fixed}",
            blocked_by=[f"/receipts?sku={quote(definition.sku, safe='')}"] if is_used else [],
        )
    if violation := _serial_format_violation(definition) or _warranty_violation(definition):
        return violation
    codes = [barcode.code for barcode in definition.barcodes]
    if repeated := sorted({code for code in codes if codes.count(code) > 1}):
        return ProblemDetail(
            code=Code.BARCODE_TAKEN, detail=f"Product {definition.sku} repeats a barcode", ids=repeated
        )
    barcodes = {code: find_barcodes(code, uow.barcodes.get) for code in codes}
    owners = {code: other.sku for code in codes for other in barcodes[code] if other.sku != definition.sku}
    if taken := [code for code in codes if code in owners]:
        owner_paths = sorted({resource_path("products", owners[code]) for code in taken})
        return ProblemDetail(
            code=Code.BARCODE_TAKEN,
            detail=f"Barcodes of another product: {', '.join(taken)}",
            ids=taken,
            blocked_by=owner_paths,
        )
    return None


def record_first_order(uow: ReceivingUnitOfWork, event: ProductOrdered) -> None:
    """Report a product whose first order was on its way while what it must keep was changed (S03)."""
    ordered, product = uow.product_history.first_orders.pop(event.sku, None), uow.products.get(event.sku)
    if ordered and product and (fixed := _fixed_value(ordered, _fixed_part(product))):
        uow.record_conflict(
            Code.PRODUCT_IN_USE,
            f"Product {event.sku} was ordered as version {event.ordered_version}; {fixed}, but is changed in version "
            f"{product.version}. The change stays: check the orders of the product, and amend their quantities",
            sku=event.sku,
        )


def _serial_format_violation(definition: ProductDefinition) -> ProblemDetail | None:
    if definition.serial_format is None:
        return None
    fault = format_fault(definition.serial_format) if definition.serial_tracked else "it is not serial-tracked"
    if fault is None:
        return None
    detail = f"Product {definition.sku} cannot have this serial format: {fault}"
    return ProblemDetail(code=Code.INVALID_SERIAL_FORMAT, detail=detail)


def _warranty_violation(definition: ProductDefinition) -> ProblemDetail | None:
    if definition.warranty is None or definition.serial_tracked:
        return None
    detail = f"Product {definition.sku} cannot have a warranty: it is not serial-tracked"
    return ProblemDetail(code=Code.INVALID_WARRANTY, detail=detail, ids=["warranty"])


def _fixed_part(definition: Product | ProductDefinition) -> FixedDefinition:
    tracking = definition.tracking if isinstance(definition, Product) else _tracking_of(definition)
    return FixedDefinition(tracking, definition.unit, decimals_of(tracking, definition.decimals))


def _fixed_value(before: FixedDefinition, after: FixedDefinition) -> str | None:
    """Describe what a product in use must keep, if it changes."""
    if before.tracking != after.tracking:
        return f"its tracking {before.tracking} cannot change"
    if before.unit != after.unit:
        return f"its unit {before.unit!r} cannot change"
    if after.decimals < before.decimals:
        return f"its {before.decimals} decimals cannot become fewer"
    return None


def _to_product(definition: ProductDefinition, version: int) -> Product:
    tracking = _tracking_of(definition)
    return Product(
        sku=definition.sku, version=version, name=definition.name, unit=definition.unit, tracking=tracking,
        shelf_life=with_defaults(definition.shelf_life, tracking), decimals=decimals_of(tracking, definition.decimals),
        serial_format=definition.serial_format, serials_unique_per_product=definition.serials_unique_per_product,
        receive_by_carton=definition.receive_by_carton, warranty=definition.warranty,
    )  # fmt: skip
