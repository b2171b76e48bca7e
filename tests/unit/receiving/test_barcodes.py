"""Barcodes of products: check digits of declared GTINs, and one code in every spelling (S13)."""

from collections.abc import Mapping

import pytest

from services.receiving.products.domain.barcodes import find_barcode, reject_wrong_gtins
from services.receiving.products.domain.records import ProductBarcode
from shared.contracts.upstream import ProductDefined

UPC, EAN, ITF = "012345678905", "0012345678905", "00012345678905"


def barcodes_of(**skus: str) -> Mapping[str, ProductBarcode]:
    """Return barcodes, by code, of products."""
    return {code: ProductBarcode(code, sku, 1) for sku, code in skus.items()}


def test_wrong_gtins_are_rejected_by_name() -> None:
    """S13: a declared GTIN with a wrong check digit is rejected, the product and its other barcodes are taken."""
    codes = [{"code": EAN, "type": "GTIN"}, {"code": "0012345678906", "type": "GTIN"}, {"code": "0012345678907"}]
    patch, rejected = reject_wrong_gtins(ProductDefined.model_validate({"sku": "PUMP", "barcodes": codes}))
    assert [barcode.code for barcode in patch.barcodes or ()] == [EAN, "0012345678907"]
    assert [(problem.code, problem.ids) for problem in rejected] == [("wrong_check_digit", ["0012345678906"])]
    unchanged = ProductDefined(sku="PUMP")
    assert reject_wrong_gtins(unchanged) == (unchanged, [])


@pytest.mark.parametrize("stored", [UPC, EAN, ITF])
@pytest.mark.parametrize("scanned", [UPC, EAN, ITF])
def test_spellings_are_one_code(stored: str, scanned: str) -> None:
    """S13: UPC-A, EAN-13 and ITF-14 of one number find the same barcode."""
    assert find_barcode(scanned, barcodes_of(PUMP=stored).get) == ProductBarcode(stored, "PUMP", 1)


def test_two_products_are_no_answer() -> None:
    """S13: spellings that belong to two products find only the one that is written the same."""
    barcodes = barcodes_of(PUMP=UPC, VALVE=ITF)
    assert find_barcode(EAN, barcodes.get) is None
    assert find_barcode(ITF, barcodes.get) == ProductBarcode(ITF, "VALVE", 1)
    assert find_barcode("A", barcodes.get) is None
