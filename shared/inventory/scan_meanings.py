"""What raw scans in a command mean: the context decides before anybody is asked, and nothing is guessed (S13)."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from shared.contracts.label_dates import are_in_order
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.raw_scans import ReadScan
from shared.contracts.reference import Tracking
from shared.contracts.serial_formats import SerialFormat
from shared.identifiers import SERIAL_PATTERN, fold_lot
from shared.inventory.scan_problems import (
    ambiguous_scan,
    carton_scan,
    no_unit,
    other_product,
    unknown_scan,
    unreadable_scan,
)
from shared.inventory.serial_formats import matches
from shared.scans import Scan, ScanKind, ScanProblemCode, classify
from shared.scans.gtin import GtinUse, gtin_use, spellings

IDENTIFIERS = frozenset({ScanKind.TEXT, ScanKind.GTIN, ScanKind.SSCC})
"""Kinds of scans that may be an identifier of any kind."""
LABELS = frozenset({ScanKind.GS1_ELEMENT_STRING, ScanKind.GS1_DIGITAL_LINK})
NameKind = Literal["BARCODE", "SKU", "SERIAL", "LOT"]
VALID_IDENTIFIER = re.compile(SERIAL_PATTERN.removesuffix("$") + r"\Z")
MAX_QUANTITY = 1_000_000
LONG_SCAN, MAX_ENCODED = 200, 1_500
"""Number of characters from which the size of a scan in a message is checked, and its maximum."""
FIRST_YEAR = 2000
"""First year of dates on labels; earlier ones are misread."""


class KnownProduct(NamedTuple):
    """A product that scans or their command name."""

    sku: str
    tracking: Tracking
    serial_format: SerialFormat | None = None


class KnownName(NamedTuple):
    """A barcode, SKU, serial number or lot that a service knows."""

    kind: NameKind
    id: str
    sku: str
    quantity: int | None = None
    """Number of units that one scan of the barcode represents."""
    document: str | None = None
    """Receipt or order that expects the unit."""


class ScanContext(NamedTuple):
    """Where a text is scanned: the product of the command, its document, and what it expects."""

    sku: str | None = None
    document: str | None = None
    expected: frozenset[NameKind] = frozenset({"SERIAL", "LOT"})
    takes_lots_of_units: bool = False
    """Whether a label without serial number names the lot of units of a serial-tracked product."""


class Catalogue:
    """What the product replica and the registry of a service know about the scans of a batch."""

    def __init__(self, products: Iterable[KnownProduct], names: Iterable[KnownName]) -> None:
        self.products = {product.sku: product for product in products}
        self._names: dict[str, list[KnownName]] = defaultdict(list)
        for name in dict.fromkeys(names):
            self._names[fold_lot(name.id) if name.kind == "LOT" else name.id].append(name)

    def names_of(self, scan: Scan) -> list[KnownName]:
        """Return everything that the whole text may name."""
        found = [name for name in self._names.get(scan.value, ()) if name.kind != "LOT"]
        found += [name for name in self._names.get(fold_lot(scan.value), ()) if name.kind == "LOT"]
        return found + [name for name in self.barcodes_of(scan) if name.id != scan.value]

    def barcodes_of(self, scan: Scan) -> list[KnownName]:
        """Return the barcodes that the GTIN of a scan spells."""
        codes = [code for gtin in (scan.gtin, scan.other_gtin) if gtin for code in spellings(gtin)]
        return [name for code in codes for name in self._names.get(code, ()) if name.kind == "BARCODE"]


def read_scan(scan: Scan, context: ScanContext, catalogue: Catalogue) -> ReadScan:
    """Return what a scan means in its context, or the problem with it."""
    if len(scan.text) > LONG_SCAN and len(json.dumps(scan.text)) > MAX_ENCODED:
        return _refused(scan, unreadable_scan(scan, "it is longer than the code of any item"))
    given = catalogue.products.get(context.sku) if context.sku else None
    if context.sku and given is None:
        return _refused(scan, unknown_scan(scan, f"product {context.sku} is not defined", Code.PRODUCT_NOT_FOUND))
    is_identifier = _is_identifier(scan.value)
    is_known_label = scan.kind in LABELS and bool(catalogue.barcodes_of(scan))
    if given and is_identifier and not is_known_label and _has_format(given, scan.value):
        return ReadScan(scan.text, given.sku, scan.value)
    if scan.kind in LABELS:
        return _read_label(scan, given, catalogue, takes_lots_of_units=context.takes_lots_of_units)
    if scan.kind not in IDENTIFIERS or not is_identifier:
        return _refused(scan, unreadable_scan(scan))
    return _read_on_product(scan, given, catalogue) if given else _read_identifier(scan, context, catalogue)


def _has_format(product: KnownProduct, value: str) -> bool:
    return product.serial_format is not None and matches(product.serial_format, value)


def _is_identifier(value: str) -> bool:
    return VALID_IDENTIFIER.match(value) is not None


def _refused(scan: Scan, problem: ProblemDetail, sku: str | None = None) -> ReadScan:
    return ReadScan(scan.text, sku, problem=problem)


def _carton(scan: Scan, sscc: str) -> ReadScan:
    """Return the scan of a carton, which means something to commands that take cartons only."""
    return ReadScan(scan.text, sscc=sscc, problem=carton_scan(scan, sscc))


def _read_label(scan: Scan, given: KnownProduct | None, catalogue: Catalogue, *, takes_lots_of_units: bool) -> ReadScan:
    """Read GS1 data on the product that the label or the command names, or the SSCC of a carton."""
    if scan.contents.sscc and scan.is_sound:
        return _carton(scan, scan.contents.sscc)
    barcodes = catalogue.barcodes_of(scan)
    if problem := _label_problem(scan, given) or _product_problem(scan, given, barcodes):
        return _refused(scan, problem)
    own = [barcode for barcode in barcodes if given is None or barcode.sku == given.sku]
    product = given or catalogue.products[own[0].sku]
    read = _with_contents(scan, product, next(iter(own or barcodes), None))
    if takes_lots_of_units and read.lot and read.problem and read.problem.code is Code.SERIALS_REQUIRED:
        read = read._replace(problem=None)
    if own or scan.gtin is None:
        return read
    others = [barcode.sku for barcode in barcodes]
    problem = other_product(scan, product.sku, others)
    return _refused(scan, problem, product.sku) if read.problem else read._replace(label_sku=others[0], problem=problem)


def _label_problem(scan: Scan, given: KnownProduct | None) -> ProblemDetail | None:
    """Return what is wrong with a label; of a given product, another code may name the product."""
    contents = scan.contents
    ignored = ScanProblemCode.MISSING_AI if given and scan.gtin is None and (contents.serial or contents.lot) else None
    if any(not problem.is_tolerated and problem.code != ignored for problem in scan.problems):
        return unreadable_scan(scan)
    dates = (contents.expiry, contents.manufactured_on, contents.best_before)
    if any(day and day.year < FIRST_YEAR for day in dates):
        return unreadable_scan(scan, f"a date on the label is before the year {FIRST_YEAR}")
    if not are_in_order(contents.manufactured_on, contents.expiry, contents.best_before):
        return unreadable_scan(scan, "the dates on the label are out of order")
    return None


def _product_problem(scan: Scan, given: KnownProduct | None, barcodes: Sequence[KnownName]) -> ProblemDetail | None:
    """Return why a label names no product, or several."""
    if scan.gtin is None:
        return None if given else unknown_scan(scan, "its label names no product; state it in the field sku")
    if not barcodes:
        return unknown_scan(scan, f"no product has the barcode {scan.gtin}", Code.PRODUCT_NOT_FOUND)
    is_ambiguous = given is None and len({barcode.sku for barcode in barcodes}) > 1
    return ambiguous_scan(scan, _candidates(barcodes)) if is_ambiguous else None


def _with_contents(scan: Scan, product: KnownProduct, barcode: KnownName | None) -> ReadScan:
    """Return what a label says about a product, as far as its tracking takes it."""
    contents, sku = scan.contents, product.sku
    read = ReadScan(scan.text, sku, gtin=scan.gtin)
    if product.tracking != "NONE":
        read = read._replace(
            lot=contents.lot, expiry=contents.expiry, manufactured_on=contents.manufactured_on,
            best_before=contents.best_before,
        )  # fmt: skip
    if product.tracking == "SERIAL":
        of_case = barcode and barcode.quantity != 1
        if contents.serial is None or of_case:
            return read._replace(problem=no_unit(scan, sku, barcode.quantity if barcode else None))
        return read._replace(serial=contents.serial)
    if contents.quantity is not None and not 0 < contents.quantity <= MAX_QUANTITY:
        reason = f"its quantity is {contents.quantity}, not from 1 to {MAX_QUANTITY}"
        return _refused(scan, unreadable_scan(scan, reason), sku)
    return read._replace(quantity=_quantity(contents.quantity, scan.gtin, barcode))


def _quantity(on_label: int | None, gtin: str | None, barcode: KnownName | None) -> Decimal | None:
    """Return the quantity on the label, else that of the barcode; that of variable measure is on the label only."""
    if on_label is not None:
        return Decimal(on_label)
    is_variable = gtin is not None and gtin_use(gtin) is GtinUse.VARIABLE_MEASURE
    return None if barcode is None or is_variable else Decimal(barcode.quantity or 1)


def _read_on_product(scan: Scan, product: KnownProduct, catalogue: Catalogue) -> ReadScan:
    """Read an identifier on a given product: its serial number or lot, new or known, or its barcode."""
    names, sku = catalogue.names_of(scan), product.sku
    own = [name for name in names if name.sku == sku]
    if any(name.kind in {"SERIAL", "LOT"} for name in own):
        return _as_identifier(scan, product)
    if barcode := next(iter(own), None):
        return _as_product(scan, product, barcode)
    if others := [name.sku for name in names if name.kind == "BARCODE"]:
        return _refused(scan, other_product(scan, sku, others), sku)._replace(label_sku=others[0])
    if scan.kind is ScanKind.SSCC:
        return _carton(scan, scan.value)
    if product.tracking == "NONE":
        return _refused(scan, unknown_scan(scan, f"it is no barcode of product {sku}, which has no lots"), sku)
    return _as_identifier(scan, product)


def _read_identifier(scan: Scan, context: ScanContext, catalogue: Catalogue) -> ReadScan:
    """Read an identifier that names its product itself."""
    names = catalogue.names_of(scan)
    preferences: Sequence[Callable[[KnownName], bool]] = (
        lambda name: name.kind in context.expected,
        lambda name: context.document is not None and name.document == context.document,
        lambda name: name.id == scan.value,
    )
    for is_preferred in preferences:
        names = [name for name in names if is_preferred(name)] or names
    if len({(name.kind in {"BARCODE", "SKU"}, name.sku) for name in names}) > 1:
        return _refused(scan, ambiguous_scan(scan, _candidates(names)))
    if not names and scan.kind is ScanKind.SSCC:
        return _carton(scan, scan.value)
    if not names:
        return _refused(
            scan, unknown_scan(scan, "nothing known has this number; name its product, or enter it by hand")
        )
    product = catalogue.products[names[0].sku]
    is_named = names[0].kind in {"BARCODE", "SKU"}
    return _as_product(scan, product, names[0]) if is_named else _as_identifier(scan, product)


def _as_identifier(scan: Scan, product: KnownProduct) -> ReadScan:
    if product.tracking == "SERIAL":
        return ReadScan(scan.text, product.sku, scan.value)
    return ReadScan(scan.text, product.sku, lot=scan.value)


def _as_product(scan: Scan, product: KnownProduct, name: KnownName) -> ReadScan:
    if product.tracking == "SERIAL":
        return _refused(scan, no_unit(scan, product.sku, name.quantity), product.sku)
    quantity = _quantity(None, scan.gtin, name) if name.kind == "BARCODE" else None
    return ReadScan(scan.text, product.sku, quantity=quantity, gtin=scan.gtin)


def _candidates(names: Iterable[KnownName]) -> list[str]:
    return [f"{name.kind} {name.id} of {name.sku}" for name in names]


def classify_all(texts: Iterable[str], year: int) -> dict[str, Scan]:
    """Classify scans, each text once, as of a current year."""
    return {text: classify(text, year=year) for text in dict.fromkeys(texts)}


def codes_of(scans: Iterable[Scan]) -> Collection[str]:
    """Return the barcodes that scans may be, in every spelling."""
    scans = list(scans)
    codes = {code for scan in scans for gtin in (scan.gtin, scan.other_gtin) if gtin for code in spellings(gtin)}
    return codes | texts_of(scans)


def texts_of(scans: Iterable[Scan]) -> set[str]:
    """Return the scans that may be identifiers."""
    return {scan.value for scan in scans if scan.kind in IDENTIFIERS and _is_identifier(scan.value)}
