"""Barcodes of products: every spelling of a GTIN is one code, and its check digit must be right."""

from collections.abc import Callable, Iterable

from services.receiving.products.domain.records import ProductBarcode
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import ProductDefined
from shared.scans.gtin import gtin_readings, spellings, to_gtin_14


def spellings_of(codes: Iterable[str]) -> set[str]:
    """Return barcodes and every spelling of those that are GTINs."""
    found = set(codes)
    return found | {spelling for code in found for gtin in gtin_readings(code) for spelling in spellings(gtin)}


def find_barcodes(code: str, find: Callable[[str], ProductBarcode | None]) -> list[ProductBarcode]:
    """Return the barcode that is written like a code, else those of its other spellings."""
    if barcode := find(code):
        return [barcode]
    return [barcode for other in sorted(spellings_of([code])) if (barcode := find(other))]


def find_barcode(code: str, find: Callable[[str], ProductBarcode | None]) -> ProductBarcode | None:
    """Return the barcode of a code in any spelling; two products are no answer."""
    found = find_barcodes(code, find)
    return found[0] if len({barcode.sku for barcode in found}) == 1 else None


def barcode_key(code: str) -> str:
    """Return what all spellings of a barcode share."""
    return to_gtin_14(code) or code


def reject_wrong_gtins(patch: ProductDefined) -> tuple[ProductDefined, list[ProblemDetail]]:
    """Take barcodes declared as GTINs out of a definition if their check digit or length is wrong."""
    wrong = [entry.code for entry in patch.barcodes or () if entry.type == "GTIN" and not to_gtin_14(entry.code)]
    if not wrong:
        return patch, []
    kept = [entry for entry in patch.barcodes or () if entry.code not in wrong]
    detail = (
        f"Barcodes of product {patch.sku} that are no GTINs: {', '.join(wrong)}; a GTIN has 8, 12, 13 or 14 digits and "
        "a check digit at its end. The product was taken without them"
    )
    return patch.model_copy(update={"barcodes": kept}), [
        ProblemDetail(code=Code.WRONG_CHECK_DIGIT, detail=detail, ids=wrong)
    ]
