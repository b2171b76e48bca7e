"""Scan of a carton or pallet by its SSCC: it stands for the scans of what it contains, where allowed (S13, S15)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from services.receiving.receipts.domain.announced_cartons import carton_path, is_open
from services.receiving.receipts.domain.cartons import AnnouncedCarton, CartonContent, contents_of
from services.receiving.receipts.domain.records import Receipt
from services.receiving.receipts.domain.results import LotScanResult
from services.receiving.receipts.domain.serial_scans import is_recorded_on_receipt
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ScanItems, ScannedLot
from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.contracts.raw_scans import ReadScan
from shared.identifiers import resource_path

MAX_UNITS = 5_000
"""Maximum number of serial numbers and lots that one scan receives."""


def open_carton(uow: ReceivingUnitOfWork, command: ScanItems, receipt: Receipt, read: ReadScan) -> "OpenedCarton":
    """Return the scans of the items in a carton, or in all cartons of a pallet; what must be scanned is a violation."""
    opened, sscc = OpenedCarton(uow, command, receipt, read.text), read.sscc or ""
    cartons = uow.cartons_in(receipt.receipt, sscc)
    if violation := _carton_violation(uow, receipt, sscc, cartons):
        opened.violations.append(violation)
        return opened
    contents = [content for content in contents_of(cartons) if command.sku in {None, content.sku}]
    if others := sorted({content.sku for content in contents_of(cartons)} - {content.sku for content in contents}):
        detail = f"Carton {sscc} also contains {', '.join(others)}, not only {command.sku}; scan it without sku"
        opened.violations.append(ProblemDetail(code=Code.WRONG_PRODUCT, detail=detail, ids=others))
    allowed = [content for content in contents if is_received_by_carton(uow, receipt, content.sku)]
    opened.violations += _refusals(uow, receipt, sscc, contents, allowed)
    for content in allowed:
        if uow.tracking(content.sku) == "SERIAL":
            opened.add_units(content)
        else:
            opened.add_lots(content)
    return opened


@dataclass(slots=True)
class OpenedCarton:
    """What the scan of a carton or pallet stands for."""

    uow: ReceivingUnitOfWork
    command: ScanItems
    receipt: Receipt
    text: str
    """The raw scan."""
    parts: list[ScanItems] = field(default_factory=list)
    """The scans of its items, by carton and product."""
    scanned: list[LotScanResult] = field(default_factory=list)
    """Lots that were scanned by the SSCC of their carton before."""
    violations: list[ProblemDetail] = field(default_factory=list)

    def add_units(self, content: CartonContent) -> None:
        """Add the scans of the units that the receipt expects, or has scans of; nobody has seen the others."""
        here = [serial for serial in content.serials if self._is_of_receipt(content.sku, serial)]
        if here:
            reads = [ReadScan(self.text, content.sku, serial, sscc=content.sscc) for serial in here]
            self._add_part(content, reads, serials=here)
        if missing := sorted({*content.serials} - {*here}):
            detail = (
                f"{len(missing)} of {len(content.serials)} units of {content.sku} in carton {content.sscc} are not "
                f"expected on receipt {self.receipt.receipt}; scan the label of each one that is there"
            )
            self.violations.append(ProblemDetail(code=Code.SERIAL_UNEXPECTED, detail=detail, ids=missing))

    def add_lots(self, content: CartonContent) -> None:
        """Add the scans of the lots that were not scanned by the carton's SSCC before."""
        sku, sscc = content.sku, content.sscc
        lots, reads = [], []
        for lot, quantity in content.lots:
            scans = self.uow.lot_scans_of((self.receipt.receipt, sku, lot))
            if any(scan.inferred_from == sscc and scan.status != "REJECTED" for scan in scans):
                result = LotScanResult(lot, "DUPLICATE_IN_RECEIPT", sku=sku, scan=self.text, inferred_from=sscc)
                self.scanned.append(result)
            else:
                lots.append(ScannedLot(lot=lot, quantity=quantity))
                reads.append(ReadScan(self.text, sku, lot=lot, quantity=quantity, sscc=sscc))
        if lots:
            self._add_part(content, reads, lots=lots)

    def _add_part(self, content: CartonContent, reads: list[ReadScan], **items: object) -> None:
        part = self.command.model_copy(update={"scans": [], "sku": content.sku, **items})
        part.set_read_scans(reads)
        self.parts.append(part)

    def _is_of_receipt(self, sku: str, serial: str) -> bool:
        """Whether the receipt expects a unit, or has a scan of it."""
        unit, receipt = self.uow.get_unit(sku, serial), self.receipt.receipt
        is_expected = unit.status == "EXPECTED" and unit.receipt == receipt
        return is_expected or is_recorded_on_receipt(self.uow, receipt, unit)


def is_received_by_carton(uow: ReceivingUnitOfWork, receipt: Receipt, sku: str) -> bool:
    """Whether the product or the supplier of the receipt allows the receipt of whole cartons."""
    product, supplier = uow.products.get(sku), uow.suppliers.get(receipt.supplier)
    return bool(product and product.receive_by_carton) or bool(supplier and supplier.receive_by_carton)


def _carton_violation(
    uow: ReceivingUnitOfWork, receipt: Receipt, sscc: str, cartons: Sequence[AnnouncedCarton]
) -> ProblemDetail | None:
    """Check that the receipt announces a carton with its content, and that one scan can receive it."""
    path = carton_path(sscc)
    if not cartons:
        named = {row.receipt for row in (*uow.cartons_by_sscc[sscc], *uow.cartons_by_pallet[sscc])}
        if others := sorted(other for other in named if is_open(uow, other)):
            detail = f"Carton {sscc} is announced on receipt {', '.join(others)}; scan it there"
            paths = [resource_path("receipts", other) for other in others]
            return ProblemDetail(code=Code.CARTON_ON_OTHER_RECEIPT, detail=detail, ids=[sscc], blocked_by=paths)
        detail = f"Receipt {receipt.receipt} announces no carton or pallet {sscc}; scan the units and lots in it"
        return ProvisionalProblem(code=Code.CARTON_NOT_FOUND, detail=detail, ids=[sscc])
    if not any(carton.items for carton in cartons):
        detail = f"The ASN does not say what carton {sscc} contains; scan the units and lots in it"
        return ProblemDetail(code=Code.CARTON_CONTENT_UNKNOWN, detail=detail, ids=[sscc], blocked_by=[path])
    if sum(len(content.serials) + len(content.lots) for content in contents_of(cartons)) > MAX_UNITS:
        detail = f"Pallet {sscc} contains more than {MAX_UNITS} serial numbers and lots; scan its cartons"
        return ProblemDetail(code=Code.TOO_MANY_UNITS, detail=detail, ids=[sscc], blocked_by=[path])
    return None


def _refusals(
    uow: ReceivingUnitOfWork, receipt: Receipt, sscc: str, contents: Iterable[CartonContent],
    allowed: Sequence[CartonContent],
) -> Iterable[ProblemDetail]:  # fmt: skip
    """Return what of a carton must be scanned one by one, and why."""
    if refused := [content for content in contents if content not in allowed]:
        supplier = f"supplier {receipt.supplier}" if receipt.supplier else "the unnamed supplier"
        detail = (
            f"Carton {sscc} should contain {_describe(refused)}; scan these units and lots one by one: neither the "
            f"product nor {supplier} has `receive_by_carton`"
        )
        yield _refusal(Code.CARTON_RECEIPT_NOT_ALLOWED, detail, sscc, refused)
    if unlisted := [content for content in allowed if content.lots and uow.tracking(content.sku) == "SERIAL"]:
        detail = (
            f"The ASN does not list all serial numbers of carton {sscc}; scan "
            f"{_describe(content._replace(serials=()) for content in unlisted)} one by one"
        )
        yield _refusal(Code.CARTON_CONTENT_UNKNOWN, detail, sscc, unlisted)


def _refusal(code: Code, detail: str, sscc: str, contents: Iterable[CartonContent]) -> ProblemDetail:
    skus = sorted({content.sku for content in contents})
    return ProblemDetail(code=code, detail=detail, ids=skus, blocked_by=[carton_path(sscc)])


def _describe(contents: Iterable[CartonContent]) -> str:
    """Say how much of which products cartons contain."""
    quantities: dict[str, Decimal] = {}
    for content in contents:
        quantity = len(content.serials) + sum((quantity for _, quantity in content.lots), Decimal(0))
        quantities[content.sku] = quantities.get(content.sku, Decimal(0)) + quantity
    return ", ".join(f"{quantity:f} of {sku}" for sku, quantity in sorted(quantities.items()))
