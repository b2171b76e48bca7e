"""Scans of something else in place of a serial or lot number: they are refused, since a number can never be changed.

A serial number that matches the format of its product is none, whatever it looks like (S17).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.inventory.serial_formats import describe, matches
from shared.scans import Scan, ScanKind, classify
from shared.scans.gtin import gtin_readings, spellings, to_gtin_14

ReadAs = Literal[
    "BARCODE", "SKU", "RECEIPT", "LOCATION", "GS1_ELEMENT_STRING", "GS1_DIGITAL_LINK", "URL", "SEVERAL_VALUES", "RANGE",
    "SYMBOLOGY_IDENTIFIER", "OTHER_FORMAT",
]  # fmt: skip
"""What a scan was read as; OTHER_FORMAT: nothing known, but not the serial format of the product."""

NEVER_A_LOT: frozenset[ReadAs] = frozenset(
    {"BARCODE", "SKU", "RECEIPT", "LOCATION", "GS1_ELEMENT_STRING", "GS1_DIGITAL_LINK", "URL", "SYMBOLOGY_IDENTIFIER"}
)
MAX_NAMED = 10
"""Number of scans that the text of a problem describes."""
MAX_LENGTH = 64
"""Number of characters of a scan in the text of a problem."""


class Misread(NamedTuple):
    """A scan that is no serial or lot number: what it was read as, in a word and as text."""

    text: str
    read_as: ReadAs
    description: str


class ScanJudge:
    """Tells serial and lot numbers of a product from other things that are scanned on a receipt."""

    def __init__(self, uow: ReceivingUnitOfWork, sku: str, receipt: str | None) -> None:
        self.uow, self.sku = uow, sku
        product = uow.products.get(sku)
        self.serial_format = product.serial_format if product else None
        self.names: dict[str, tuple[ReadAs, str]] = {sku.lower(): ("SKU", "the SKU of the product")}
        """What a text is, by the text in lower case: scanners may change the case."""
        if receipt is not None:
            self.names[receipt.lower()] = ("RECEIPT", "the number of the receipt")
        self.gtins: set[str] = set()
        for barcode in uow.barcodes_of(sku):
            self.names[barcode.code.lower()] = ("BARCODE", "a barcode of the product")
            if gtin := to_gtin_14(barcode.code):
                self.gtins.add(gtin)

    def misread_serial(self, text: str) -> Misread | None:
        """Say what a new serial number is instead; None if it may be one."""
        if self.serial_format is None:
            return self._recognise(text)
        if matches(self.serial_format, text):
            return None
        mismatch = f"not of the serial format of {self.sku}: {describe(self.serial_format)}"
        return self._recognise(text) or Misread(text, "OTHER_FORMAT", mismatch)

    def misread_lot(self, text: str) -> Misread | None:
        """Say what a lot number is instead; None if it may be one."""
        misread = self._recognise(text)
        return misread if misread and misread.read_as in NEVER_A_LOT else None

    def _recognise(self, text: str) -> Misread | None:
        if name := self.names.get(text.lower()):
            read_as, description = name
            return Misread(text, read_as, description)
        if "/" in text and text in self.uow.locations:
            return Misread(text, "LOCATION", "a location")
        scan = classify(text)
        if scan.kind is ScanKind.GTIN and (barcode := self._recognise_gtin(scan)):
            return barcode
        if scan.kind in {ScanKind.TEXT, ScanKind.GTIN, ScanKind.SSCC}:
            with_symbology = f"{scan.value} with the symbology identifier {scan.symbology}"
            return Misread(text, "SYMBOLOGY_IDENTIFIER", with_symbology) if scan.symbology else None
        hint = "; state it in the field ranges" if scan.kind is ScanKind.RANGE else ""
        return Misread(text, READ_AS[scan.kind], scan.description + hint)

    def _recognise_gtin(self, scan: Scan) -> Misread | None:
        """Recognise a barcode in any spelling; other GTINs may be serial numbers."""
        gtins = [gtin for gtin in (scan.gtin, scan.other_gtin) if gtin]
        if not self.gtins.isdisjoint(gtins):
            return Misread(scan.text, "BARCODE", "a barcode of the product")
        codes = [code for gtin in gtins for code in spellings(gtin)]
        barcodes = [barcode for code in codes if (barcode := self.uow.barcodes.get(code))]
        return Misread(scan.text, "BARCODE", f"a barcode of product {barcodes[0].sku}") if barcodes else None


READ_AS: Mapping[ScanKind, ReadAs] = {
    ScanKind.GS1_ELEMENT_STRING: "GS1_ELEMENT_STRING",
    ScanKind.GS1_DIGITAL_LINK: "GS1_DIGITAL_LINK",
    ScanKind.URL: "URL",
    ScanKind.SEVERAL_VALUES: "SEVERAL_VALUES",
    ScanKind.RANGE: "RANGE",
}


def describe_misreads(misreads: Sequence[Misread]) -> str:
    """Describe the first of some misread scans."""
    named = "; ".join(f"{misread.text[:MAX_LENGTH]!r} is {misread.description}" for misread in misreads[:MAX_NAMED])
    return named if len(misreads) <= MAX_NAMED else f"{named}; and {len(misreads) - MAX_NAMED} more"


def misread_violation(misreads: Sequence[Misread], subject: str) -> ProblemDetail | None:
    """Return the violation of serial numbers that are none."""
    if not misreads:
        return None
    is_mismatch = all(misread.read_as == "OTHER_FORMAT" for misread in misreads)
    return ProblemDetail(
        code=Code.SERIAL_FORMAT_MISMATCH if is_mismatch else Code.NOT_A_SERIAL,
        detail=f"{subject}: {describe_misreads(misreads)}",
        ids=[misread.text for misread in misreads],
    )


def barcodes_to_look_up(texts: Iterable[str]) -> set[str]:
    """Return the codes of barcodes that these texts may be; most serial numbers are none."""
    return {code for text in texts for gtin in gtin_readings(text) for code in spellings(gtin)}
