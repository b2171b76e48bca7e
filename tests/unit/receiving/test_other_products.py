"""Serial numbers of other products: a unit scanned under a product that it is not of (S16)."""

import pytest

from services.receiving.products.domain.records import ProductBarcode
from services.receiving.receipts.domain.records import Discrepancy
from shared.contracts.commands.receiving import ResolveDiscrepancy
from shared.contracts.receiving import DiscrepancyFound
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import (
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    scan_serials,
    scan_statuses,
    unit_status,
)

EAN = "4006381333931"


@pytest.fixture
def service() -> InMemoryReceiving:
    """A service that has the screw H, expects the screw E on R8, and expects three pumps on R1."""
    service = InMemoryReceiving()
    service.uow.barcodes.load([ProductBarcode(EAN, "PUMP", 1)])
    announce_receipt(service, "R7", asn_line(["H"], sku="SCREW"))
    scan_serials(service, "R7", "H", sku="SCREW")
    confirm_session(service, "R7")
    announce_receipt(service, "R8", asn_line(["E"], sku="SCREW"))
    announce_receipt(service, "R1", asn_line(quantity=3))
    return service


def number_on_its_own(service: InMemoryReceiving, sku: str) -> None:
    """Let the maker of a product number it on its own."""
    service.uow.products.put(service.uow.products[sku]._replace(serials_unique_per_product=True))


def discrepancy_of(service: InMemoryReceiving, serial: str) -> Discrepancy:
    """The discrepancy about a serial number."""
    (found,) = [discrepancy for discrepancy in service.uow.discrepancies if discrepancy.serial == serial]
    return found


def resolve(service: InMemoryReceiving, serial: str, resolution: str, **overrides: str) -> CommandResult:
    """Resolve the discrepancy about a serial number."""
    found = discrepancy_of(service, serial).discrepancy
    fields = {"receipt": "R1", "discrepancy": found, "resolution": resolution, "reason": "seen"}
    return service.handle_command(ResolveDiscrepancy.model_validate(fields | overrides), "sue")


@pytest.mark.parametrize("kind", ["ASN", "BLIND", "OPENING"])
@pytest.mark.parametrize("serial", ["H", "E"])
def test_serial_of_another_product_is_a_discrepancy(service: InMemoryReceiving, kind: str, serial: str) -> None:
    """S16: a number that another product has on hand or expects anywhere is set aside, with that product named."""
    lines = [asn_line(quantity=1)] if kind == "ASN" else []
    announce_receipt(service, "R2", *lines, kind=kind)
    (scan,) = scan_serials(service, "R2", serial).body.scan_results  # type: ignore[union-attr]
    assert (scan.status, scan.conflicting_value) == ("WRONG_PRODUCT", "SCREW")
    (found,) = [event for event in confirm_session(service, "R2").events if isinstance(event, DiscrepancyFound)]
    assert (found.kind, found.sku, found.serials) == ("WRONG_PRODUCT", "PUMP", [serial])
    assert "SCREW" in found.detail
    assert unit_status(service, serial) == "INACTIVE"


def test_number_scanned_a_moment_ago_counts(service: InMemoryReceiving) -> None:
    """S16: so does a number that another session has scanned under another product."""
    scan_serials(service, "R8", "E", sku="SCREW", session="T")
    assert scan_statuses(scan_serials(service, "R1", "E")) == ["WRONG_PRODUCT"]


@pytest.mark.parametrize("change", [{"status": "SHIPPED"}, {"status": "VOID"}, {"adjustment": "SCRAPPED"}])
def test_what_is_not_in_the_house_does_not_count(service: InMemoryReceiving, change: dict[str, str]) -> None:
    """S16: numbers of shipped, void and scrapped units of another product are no discrepancy."""
    service.uow.units.put(service.uow.units["SCREW", "H"]._replace(**change))  # type: ignore[arg-type]
    assert scan_statuses(scan_serials(service, "R1", "H")) == ["ACCEPTED"]


def test_asn_that_names_the_number_decides(service: InMemoryReceiving) -> None:
    """S16: a number that the ASN lists for this product is accepted, whoever else has it."""
    announce_receipt(service, "R2", asn_line(["H", "E"]))
    assert scan_statuses(scan_serials(service, "R2", "H", "E")) == ["ACCEPTED", "ACCEPTED"]


def test_gtin_on_the_label_decides(service: InMemoryReceiving) -> None:
    """S16: a number whose label carries a GTIN of the product is accepted; another GTIN is the wrong product."""
    assert scan_statuses(scan_serials(service, "R1", "H", gtin=f"0{EAN}")) == ["ACCEPTED"]
    for gtin in ("9521234543213", "4006381333932"):
        assert error_codes(scan_serials(service, "R1", "E", gtin=gtin)) == ["wrong_product"]


@pytest.mark.parametrize("sku", ["PUMP", "SCREW"])
def test_makers_who_number_each_product(service: InMemoryReceiving, sku: str) -> None:
    """S16: numbers that are unique per product say nothing about another one."""
    number_on_its_own(service, sku)
    assert scan_statuses(scan_serials(service, "R1", "H", "E")) == ["ACCEPTED", "ACCEPTED"]


def test_product_expected_here_is_named_first(service: InMemoryReceiving) -> None:
    """S16: of several products, that which the receipt expects is named, since the unit can be matched to it."""
    service.define_product("BOLT", "SERIAL")
    announce_receipt(service, "R2", asn_line(["E"], sku="BOLT"), asn_line(quantity=1, number="2"))
    announce_receipt(service, "R9", asn_line(["E"], sku="SCREW"))
    (scan,) = scan_serials(service, "R2", "E").body.scan_results  # type: ignore[union-attr]
    assert scan.conflicting_value == "BOLT"


def test_accepted_unit_is_one_of_this_product(service: InMemoryReceiving) -> None:
    """S16: ACCEPT makes it a unit of the scanned product; the other one stays."""
    scan_serials(service, "R1", "H", "E")
    confirm_session(service, "R1")
    for serial, other_status in (("H", "ON_HAND"), ("E", "EXPECTED")):
        assert not resolve(service, serial, "ACCEPT").violations
        assert unit_status(service, serial) == "ON_HAND"
        assert unit_status(service, serial, "SCREW") == other_status


def test_match_says_how_the_other_product_is_received(service: InMemoryReceiving) -> None:
    """S16: MATCH receives a unit of the other product only if this receipt expects it; else it says what to do."""
    scan_serials(service, "R1", "H", "E")
    confirm_session(service, "R1")
    assert error_codes(resolve(service, "H", "MATCH")) == ["resolution_without_effect"]
    (violation,) = resolve(service, "E", "MATCH").violations
    assert (violation.code, violation.blocked_by) == ("serial_expected_on_other_receipt", ["/receipts/R8"])
    assert not resolve(service, "H", "VOID").violations
    assert not resolve(service, "E", "RETURN_TO_VENDOR").violations
    assert (unit_status(service, "H", "SCREW"), unit_status(service, "E", "SCREW")) == ("ON_HAND", "EXPECTED")
