"""What may be said of a product: one kind of tracking, settled once it has history; barcodes of one product only."""

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple
from urllib.parse import quote

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, Refusal
from shared.contracts.reference import ProductChanged, Tracking
from shared.contracts.upstream import Barcode, LifePolicy, ProductDefined
from shared.identifiers import MOST_DECIMALS, address_of
from shared.stock.decimals import decimals_of


class Product(NamedTuple):
    """A product as it stands; `barcodes` are pairs of code and units a scan."""

    sku: str
    version: int
    name: str
    unit: str
    tracking: Tracking
    barcodes: tuple[tuple[str, int], ...] = ()
    life: LifePolicy = LifePolicy()
    decimals: int = MOST_DECIMALS

    def said(self) -> ProductChanged:
        """As the others are told."""
        codes = [Barcode(code=code, quantity=quantity) for code, quantity in self.barcodes]
        return ProductChanged(
            sku=self.sku, version=self.version, name=self.name, unit=self.unit, tracking=self.tracking, barcodes=codes,
            life=self.life, decimals=self.decimals,
        )  # fmt: skip


class ProductOut(KnownFieldsModel):
    """A product as it is shown."""

    sku: str
    version: int
    name: str
    unit: str
    tracking: Tracking
    barcodes: list[Barcode]
    life: LifePolicy
    decimals: int = MOST_DECIMALS


class Coded(NamedTuple):
    """What one scan of a barcode means: a product, and how much of it."""

    sku: str
    quantity: int


class Defined(NamedTuple):
    """What became of one definition: the product before and after, or why not."""

    before: Product | None
    after: Product | None
    refusal: Refusal | None = None

    @property
    def changed(self) -> bool:
        """Whether it says anything new."""
        return self.after is not None and self.after is not self.before


def define(
    known: Mapping[str, Product], owners: Mapping[str, str], used: Set[str], wanted: Sequence[ProductDefined]
) -> list[Defined]:
    """Walk definitions in order; `owners` tells whose a barcode is, `used` which skus have history."""
    now, taken = dict(known), dict(owners)
    outcomes = []
    for wish in wanted:
        before = now.get(wish.sku)
        if refusal := _refused(before, taken, used, wish):
            outcomes.append(Defined(before, None, refusal))
            continue
        after = _revised(before, wish)
        if after is not before:
            now[wish.sku] = after
            taken.update(dict.fromkeys(_codes(before) - _codes(after), ""))
            taken.update(dict.fromkeys(_codes(after), wish.sku))
        outcomes.append(Defined(before, after))
    return outcomes


def _codes(product: Product | None) -> set[str]:
    return {code for code, _ in product.barcodes} if product else set()


def _tracking(wish: ProductDefined) -> Tracking:
    return "SERIAL" if wish.serial_tracked else "LOT" if wish.lot_tracked else "NONE"


def settled(life: LifePolicy, tracking: Tracking) -> LifePolicy:
    """A policy with what it leaves open decided: lots have an expiry, unless the product is said to have none."""
    required = tracking == "LOT" if life.expiry_required is None else life.expiry_required
    days = sorted(set(life.expiring_days), reverse=True)
    customers = sorted(life.customers, key=lambda one: (one.customer, one.min_life_days))
    return life.model_copy(update={"expiry_required": required, "expiring_days": days, "customers": customers})


def _refused(before: Product | None, taken: Mapping[str, str], used: Set[str], wish: ProductDefined) -> Refusal | None:
    if wish.serial_tracked and wish.lot_tracked:
        return Refusal(code=Code.BOTH_TRACKINGS, detail=f"{wish.sku} is to be tracked by serial and by lot")
    if before and before.tracking != _tracking(wish) and wish.sku in used:
        return Refusal(
            code=Code.PRODUCT_HAS_HISTORY,
            detail=f"{wish.sku} is tracked as {before.tracking} and has receipts or units; {_tracking(wish)} came",
            blocked_by=[f"/receipts?sku={quote(wish.sku, safe='')}"],
        )
    codes = [barcode.code for barcode in wish.barcodes]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        return Refusal(code=Code.BARCODE_TAKEN, detail=f"{wish.sku} names a barcode twice", ids=twice)
    if theirs := [code for code in codes if taken.get(code, "") not in {"", wish.sku}]:
        others = sorted({address_of("products", taken[code]) for code in theirs})
        return Refusal(
            code=Code.BARCODE_TAKEN, detail=f"{', '.join(theirs)} mean another product", ids=theirs, blocked_by=others
        )
    return None


def _revised(before: Product | None, wish: ProductDefined) -> Product:
    """The next version, or the product itself where the definition says nothing new."""
    barcodes = tuple(sorted((barcode.code, barcode.quantity) for barcode in wish.barcodes))
    version = before.version if before else 0
    tracking = _tracking(wish)
    after = Product(
        sku=wish.sku,
        version=version,
        name=wish.name,
        unit=wish.unit,
        tracking=tracking,
        barcodes=barcodes,
        life=settled(wish.life, tracking),
        decimals=decimals_of(tracking, wish.decimals),
    )
    return before if after == before and before else after._replace(version=version + 1)
