"""What the parts of an ASN say about cartons and pallets: checked and restated together with its lines."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from services.receiving.receipts.domain.cartons import AnnouncedCarton, CartonItem, PartCartonKey, format_items
from services.receiving.receipts.domain.records import AnnouncedLine
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.asn_cartons import AsnCarton, AsnCartonContent
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import AsnAnnounced, AsnLine
from shared.identifiers import resource_path
from shared.inventory.decimals import precision_violation
from shared.scans.gtin import has_check_digit

ZERO = Decimal(0)


def announced_cartons_of(asn: AsnAnnounced) -> list[AnnouncedCarton]:
    """Return the cartons of a part; each content has the product of its line."""
    skus = {line.line: line.sku for line in asn.lines}
    return [
        AnnouncedCarton(
            asn.receipt, asn.part, carton.sscc, carton.pallet,
            format_items(CartonItem(sku=skus[item.line], **item.model_dump()) for item in carton.content),
        )
        for carton in asn.cartons
    ]  # fmt: skip


def replaced_cartons(uow: ReceivingUnitOfWork, asn: AsnAnnounced) -> list[AnnouncedCarton]:
    """Return the cartons that a part replaces: its earlier ones, and those of parts that the ASN no longer has."""
    return [row for row in uow.cartons_by_receipt[asn.receipt] if row.part == asn.part or row.part > asn.parts]


def has_same_cartons(before: Iterable[AnnouncedCarton], asn: AsnAnnounced) -> bool:
    """Whether a part says what it said before about cartons; an ASN with an unknown line does not."""
    lines = {line.line for line in asn.lines}
    if any(item.line not in lines for carton in asn.cartons for item in carton.content):
        return False
    return _statements(before) == _statements(announced_cartons_of(asn))


def _statements(cartons: Iterable[AnnouncedCarton]) -> dict[PartCartonKey, tuple[str | None, list[CartonItem]]]:
    return {row.key: (row.pallet, row.items) for row in cartons}


def amended_cartons(
    uow: ReceivingUnitOfWork, receipt: str, before: Iterable[AnnouncedLine], after: Iterable[AnnouncedLine]
) -> list[AnnouncedCarton] | ProblemDetail:
    """Return the cartons that lose serial numbers by an amendment of lines; they contain at most what remains."""
    before, remaining = list(before), defaultdict[str, Decimal](Decimal)
    withdrawn = {(row.line, serial) for row in before for serial in row.serials}
    for row in after:
        remaining[row.line] += row.quantity
        withdrawn -= {(row.line, serial) for serial in row.serials}
    amended: list[AnnouncedCarton] = []
    packed = dict.fromkeys((row.line for row in before), ZERO)
    for carton in uow.cartons_by_receipt[receipt]:
        items = [left for item in carton.items if (left := _without(item, withdrawn))]
        for item in items:
            if item.line in packed:
                packed[item.line] += item.count
        if items != carton.items:
            amended.append(carton._replace(content=format_items(items)))
    for number, quantity in packed.items():
        if quantity > remaining[number]:
            detail = (
                f"The cartons contain {quantity} of line {number}, amended to {remaining[number]}; send the part of "
                "the ASN with its cartons again"
            )
            return ProblemDetail(code=Code.CARTON_EXCEEDS_LINE, detail=detail, ids=[number])
    return amended


def _without(item: CartonItem, withdrawn: set[tuple[str, str]]) -> CartonItem | None:
    """Return an entry of a carton without withdrawn serial numbers; None if nothing is left."""
    serials = [serial for serial in item.serials if (item.line, serial) not in withdrawn]
    if len(serials) == len(item.serials):
        return item
    count = item.count - (len(item.serials) - len(serials))
    return item.model_copy(update={"serials": serials, "quantity": count}) if count else None


def restate_cartons(
    uow: ReceivingUnitOfWork, before: Iterable[AnnouncedCarton], after: Iterable[AnnouncedCarton]
) -> None:
    """Replace what a part says about cartons; the latest ASN takes a carton from another open receipt."""
    for row in before:
        uow.announced_cartons.remove(row.key)
    for row in after:
        for other in uow.cartons_by_sscc[row.sscc]:
            if other.receipt != row.receipt and is_open(uow, other.receipt):
                uow.announced_cartons.remove(other.key)
        uow.announced_cartons.put(row)


def is_open(uow: ReceivingUnitOfWork, receipt: str) -> bool:
    """Whether a receipt is planned or in progress."""
    found = uow.receipts.get(receipt)
    return found is not None and found.status in {"PLANNED", "IN_PROGRESS"}


def cartons_violation(uow: ReceivingUnitOfWork, asn: AsnAnnounced) -> ProblemDetail | None:
    """Check the cartons of a part: their numbers, their pallets, and that they contain what its lines announce."""
    if not asn.cartons:
        return None
    return (
        _sscc_violation(asn.cartons)
        or _pallet_violation(uow, asn)
        or _serials_violation(asn.cartons)
        or _quantity_violation(uow, asn.lines, asn.cartons)
    )


def _sscc_violation(cartons: Sequence[AsnCarton]) -> ProblemDetail | None:
    named = {number for carton in cartons for number in (carton.sscc, carton.pallet) if number}
    if wrong := sorted(number for number in named if not has_check_digit(number)):
        detail = f"The check digit of SSCC {', '.join(wrong)} is wrong; compare the digits with those on the label"
        return ProblemDetail(code=Code.INVALID_SSCC, detail=detail, ids=wrong)
    if repeated := sorted(number for number, count in Counter(carton.sscc for carton in cartons).items() if count > 1):
        detail = f"Carton {', '.join(repeated)} is listed more than once; list it once with its whole content"
        return ProblemDetail(code=Code.DUPLICATE_CARTON, detail=detail, ids=repeated)
    return None


def _pallet_violation(uow: ReceivingUnitOfWork, asn: AsnAnnounced) -> ProblemDetail | None:
    """Check that a carton stands on one pallet and no pallet on another one, also over the parts of the ASN."""
    replaced = {row.key for row in replaced_cartons(uow, asn)}
    others = [row for row in uow.cartons_by_receipt[asn.receipt] if row.key not in replaced]
    pallets: dict[str, set[str]] = defaultdict(set)
    for sscc, pallet in (*((row.sscc, row.pallet) for row in others), *((row.sscc, row.pallet) for row in asn.cartons)):
        if pallet:
            pallets[sscc].add(pallet)
    for carton in asn.cartons:
        if len(named := sorted(pallets[carton.sscc])) > 1:
            detail = f"Carton {carton.sscc} stands on pallet {' and '.join(named)}; name one of them in all parts"
            return ProblemDetail(code=Code.CARTON_NESTING, detail=detail, ids=[carton.sscc])
    standing = {sscc for sscc, named_pallets in pallets.items() if named_pallets}
    if nested := sorted(standing & set().union(*pallets.values())):
        detail = f"Pallet {', '.join(nested)} stands on a pallet itself; name the outermost pallet of each carton"
        return ProblemDetail(code=Code.CARTON_NESTING, detail=detail, ids=nested)
    return None


def _serials_violation(cartons: Sequence[AsnCarton]) -> ProblemDetail | None:
    counts = Counter((item.line, serial) for carton in cartons for item in carton.content for serial in item.serials)
    if repeated := sorted({serial for (_, serial), count in counts.items() if count > 1}):
        detail = f"{len(repeated)} serials are in two cartons, or in one of them twice; a unit is in one carton"
        return ProblemDetail(code=Code.DUPLICATE_SERIAL_IN_REQUEST, detail=detail, ids=repeated)
    return None


def _quantity_violation(
    uow: ReceivingUnitOfWork, lines: Sequence[AsnLine], cartons: Sequence[AsnCarton]
) -> ProblemDetail | None:
    """Check that the cartons contain at most what the lines of the part announce."""
    announced: dict[str, Decimal] = defaultdict(Decimal)
    skus = {line.line: line.sku for line in lines}
    for line in lines:
        announced[line.line] += line.quantity
    packed: dict[str, Decimal] = defaultdict(Decimal)
    for carton in cartons:
        for item in carton.content:
            if violation := _item_violation(uow, skus.get(item.line), carton.sscc, item):
                return violation
            packed[item.line] += item.count
    for number, quantity in packed.items():
        if quantity > announced[number]:
            detail = f"The cartons contain {quantity} of line {number}, which announces {announced[number]}"
            return ProblemDetail(code=Code.CARTON_EXCEEDS_LINE, detail=detail, ids=[number])
    return None


def _item_violation(
    uow: ReceivingUnitOfWork, sku: str | None, sscc: str, item: AsnCartonContent
) -> ProblemDetail | None:
    """Check one entry of the content of a carton."""
    if sku is None:
        code, detail = Code.LINE_NOT_FOUND, f"contains goods of line {item.line}, which its part does not have"
    elif item.count < len(item.serials):
        code = Code.TOO_MANY_SERIALS
        detail = f"lists {len(item.serials)} serials of line {item.line} for {item.count} units"
    elif item.lot and item.serials:
        code = Code.VALIDATION_ERROR
        detail = f"names lot {item.lot} of serial numbers; name it in the lots of line {item.line}"
    elif item.lot and uow.tracking(sku) == "NONE":
        code, detail = Code.NOT_LOT_TRACKED, f"names lot {item.lot}; product {sku} has no lots"
    else:
        return precision_violation(sku, item.count, uow.decimals(sku), item.line)
    return ProblemDetail(code=code, detail=f"Carton {sscc} {detail}", ids=[sscc])


def carton_path(sscc: str) -> str:
    """Return the path of a carton."""
    return resource_path("cartons", sscc)
