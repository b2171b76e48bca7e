"""What a scan may mean: the context decides before anybody is asked."""

import pytest

from services.receiving.scans.domain.candidates import Candidate, Context, ambiguity, plan_look_up, resolve
from shared.contracts.serial_formats import SerialFormat
from shared.scans import classify

GTIN = "09521234543213"
PUMP = Candidate("PRODUCT", GTIN, "PUMP", 1)
CASE = Candidate("PRODUCT", "19521234543210", "PUMP", 12)
SERIAL = Candidate("SERIAL", "7", "PUMP", status="EXPECTED", receipt="R1")
OTHER = Candidate("SERIAL", "7", "VALVE", status="ON_HAND", receipt="R0")
LOT = Candidate("LOT", "7", "FOOD")
RECEIPT = Candidate("RECEIPT", "7", status="PLANNED", receipt="7")


def test_every_spelling_of_a_gtin_is_looked_up() -> None:
    """S13: UPC-A, EAN-13 and ITF-14 of one number find the product, whichever one is its barcode."""
    spellings = ("012345678905", "0012345678905", "00012345678905", "(01)00012345678905", "]E00012345678905")
    for text in spellings:
        assert {"012345678905", "0012345678905", "00012345678905"} <= set(plan_look_up(classify(text)).codes)


def test_a_label_is_the_unit_or_lot_of_its_product() -> None:
    """S13: product and serial number of one label are no question, known or new; a case means its quantity."""
    assert resolve(classify(f"(01){GTIN}(21)7"), [PUMP, SERIAL, OTHER], Context()) == [SERIAL]
    assert resolve(classify(f"(01){GTIN}(21)8"), [PUMP], Context()) == [Candidate("SERIAL", "8", "PUMP")]
    assert resolve(classify(f"(01){GTIN}(10)L"), [PUMP], Context()) == [Candidate("LOT", "L", "PUMP")]
    assert resolve(classify("19521234543210"), [CASE], Context()) == [CASE]


def test_unknown_product_is_named() -> None:
    """S13: a GTIN that no product has is said to be none."""
    for text in (GTIN, f"(01){GTIN}(21)8"):
        scan = classify(text)
        problem = ambiguity(scan, resolve(scan, [], Context()))
        assert problem
        assert (problem.code, problem.ids) == ("product_not_found", [GTIN])


@pytest.mark.parametrize(
    ("context", "meant"),
    [
        (Context(frozenset({"LOT"})), [LOT]),
        (Context(frozenset({"RECEIPT"})), [RECEIPT]),
        (Context(frozenset({"SERIAL"})), [SERIAL, OTHER]),
        (Context(frozenset({"SERIAL"}), sku="VALVE"), [OTHER]),
        (Context(receipt="R1"), [SERIAL]),
        (Context(sku="FOOD"), [LOT]),
        (Context(frozenset({"LOCATION"})), [SERIAL, OTHER, LOT, RECEIPT]),
        (Context(), [SERIAL, OTHER, LOT, RECEIPT]),
    ],
)
def test_context_decides(context: Context, meant: list[Candidate]) -> None:
    """S13: expected kinds, the receipt's serial numbers and the product decide; else all candidates are named."""
    scan = classify("7")
    candidates = resolve(scan, [SERIAL, OTHER, LOT, RECEIPT], context)
    assert candidates == meant
    problem = ambiguity(scan, candidates)
    assert (problem is not None) == (len(meant) > 1)
    assert problem is None or problem.code == "ambiguous_scan"


def test_unknown_text_is_new_on_a_product() -> None:
    """S13, S17: text that nothing knows is a new serial number of the product's format, or its new lot."""
    scan = classify("A-1")
    assert resolve(scan, [], Context(sku="PUMP", tracking="SERIAL")) == [Candidate("SERIAL", "A-1", "PUMP")]
    assert resolve(scan, [], Context(sku="FOOD", tracking="LOT")) == [Candidate("LOT", "A-1", "FOOD")]
    numbered = Context(sku="PUMP", tracking="SERIAL", serial_format=SerialFormat(characters="DIGITS"))
    assert resolve(scan, [], numbered) == []
    assert resolve(scan, [], Context()) == []


def test_unprintable_text_is_not_looked_up() -> None:
    """S13: text with control characters or beyond ASCII names nothing that is kept."""
    for text in ("A\x00B", "Ä", "a\u2028b"):
        assert not any(plan_look_up(classify(text)))
