"""Returns of lots: limited to the quantity shipped to the customer on the order, less earlier returns."""

from collections import Counter, defaultdict
from decimal import Decimal
from operator import attrgetter

from services.receiving.returns.domain.records import (
    CustomerReturn,
    ReturnLot,
    ReturnResult,
    ShippedLot,
)
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.problems import Code, ProblemDetail, ProvisionalProblem
from shared.contracts.quantities import LotQuantity
from shared.contracts.raw_scans import join_scans
from shared.contracts.receiving import ReturnedLot, ReturnLotsReceived
from shared.contracts.reference import Tracking
from shared.identifiers import fold_lot, matching_spellings, resource_path
from shared.inventory.decimals import precision_violation
from shared.unit_of_work import CommandResult

MAX_EXAMPLES = 20
"""Maximum number of lots in the text of a violation; `ids` lists all of them."""
MAX_QUANTITY = Decimal(1_000_000)
"""Maximum quantity of a lot in one event."""
ProblemClass = type[ProblemDetail]


def get_or_create_return(uow: ReceivingUnitOfWork, command: ReceiveReturn) -> CustomerReturn:
    """Return the customer return of a command; create it if it is new."""
    if (return_record := uow.returns.get(command.return_id)) is None:
        return_record = CustomerReturn(
            return_id=command.return_id, order_id=command.order, customer=command.customer, hold_id=next(uow.ids),
            received_at=uow.now, received_by=uow.event.actor,
        )  # fmt: skip
        uow.returns.put(return_record)
    return return_record


def lot_tracking_violation(
    uow: ReceivingUnitOfWork, tracking: Tracking, command: ReceiveReturn
) -> ProblemDetail | None:
    """Check the lots of a return against the tracking of the product."""
    lot_numbers = [lot.lot for lot in command.lots]
    if tracking == "SERIAL":
        return ProblemDetail(code=Code.SERIALS_REQUIRED, detail=f"Product {command.sku} is serial-tracked")
    if tracking == "LOT" and not all(lot_numbers):
        return ProblemDetail(code=Code.LOT_REQUIRED, detail=f"Product {command.sku} is lot-tracked")
    if tracking == "NONE" and any(lot_numbers):
        return ProblemDetail(
            code=Code.NOT_LOT_TRACKED,
            detail=f"Product {command.sku} is not lot-tracked",
            ids=[name for name in lot_numbers if name],
        )
    if excessive := [lot.lot or command.sku for lot in command.lots if lot.quantity > MAX_QUANTITY]:
        detail = f"Scans of {', '.join(excessive)} add up to more than {MAX_QUANTITY:f}; send several returns"
        return ProblemDetail(code=Code.TOO_MANY_UNITS, detail=detail, ids=excessive)
    counts = Counter(map(fold_lot, lot_numbers))
    if repeated := [name for name in lot_numbers if counts[fold_lot(name)] > 1]:
        return ProblemDetail(
            code=Code.DUPLICATE_LOT_IN_REQUEST, detail=f"The return repeats lots {', '.join(repeated)}", ids=repeated
        )
    return next(filter(None, (_precision_violation(uow, command, lot) for lot in command.lots)), None)


def with_shipped_lots(uow: ReceivingUnitOfWork, command: ReceiveReturn) -> ReceiveReturn | ProblemDetail:
    """Return the command with its lots as they were shipped, or the violation of a number that fits several."""
    lots = []
    for returned in command.lots:
        spellings = matching_spellings(returned.lot, _shipped_spellings(uow, command, returned.lot))
        if len(spellings) > 1:
            detail = f"Lot {returned.lot} of {command.sku} fits shipped lots {', '.join(spellings)}"
            return ProblemDetail(code=Code.LOT_AMBIGUOUS, detail=detail, ids=[returned.lot], suggested=spellings)
        lots.append(returned.model_copy(update={"lot": spellings[0]}) if spellings else returned)
    return command.model_copy(update={"lots": lots})


def _shipped_spellings(uow: ReceivingUnitOfWork, command: ReceiveReturn, lot: str) -> set[str]:
    return {shipped.lot for shipped in uow.shipped_by_lot[command.order, command.sku, fold_lot(lot)]}


def _precision_violation(uow: ReceivingUnitOfWork, command: ReceiveReturn, lot: LotQuantity) -> ProblemDetail | None:
    """Check the precision of a returned quantity; the full remaining quantity is always allowed."""
    shipped = uow.shipped_lots.get((command.order, command.customer, command.sku, lot.lot))
    if shipped is not None and lot.quantity == shipped.returnable:
        return None
    return precision_violation(command.sku, lot.quantity, uow.decimals(command.sku), lot.lot or command.sku)


def return_lots(uow: ReceivingUnitOfWork, command: ReceiveReturn) -> CommandResult:
    """Receive returned lots on hold; only lots that exceed the returnable quantity are rejected."""
    accepted: list[ReturnedLot] = []
    scans = scans_by_lot(command)
    rejected: dict[tuple[Code, ProblemClass], list[tuple[LotQuantity, ShippedLot]]] = defaultdict(list)
    for lot in command.lots:
        shipped = uow.shipped_of(command.order, command.customer, command.sku, lot.lot)
        if lot.quantity > shipped.returnable:
            is_known = bool(_shipped_spellings(uow, command, lot.lot))
            rejected[_return_violation(shipped, is_known_shipped=is_known)].append((lot, shipped))
        else:
            scan = scans.get(fold_lot(lot.lot))
            _return_lot(uow, command, lot, shipped, scan)
            accepted.append(ReturnedLot(lot=lot.lot, quantity=lot.quantity, scan=scan))
    violations = [_to_violation(uow, command, *kind, lots) for kind, lots in rejected.items()]
    if not accepted:
        return CommandResult.rejected(*violations)
    return_record = get_or_create_return(uow, command)
    uow.emit(
        ReturnLotsReceived, return_id=command.return_id, order=command.order, customer=command.customer,
        sku=command.sku, lots=accepted, location=command.location, hold_id=return_record.hold_id, reason=command.reason,
    )  # fmt: skip
    lots = [LotQuantity(lot=lot.lot, quantity=lot.quantity) for lot in accepted]
    body = ReturnResult(return_id=command.return_id, hold_id=return_record.hold_id, lots=lots)
    return CommandResult(body, violations=violations)


def _return_violation(shipped: ShippedLot, *, is_known_shipped: bool) -> tuple[Code, ProblemClass]:
    """Return the problem of a quantity above the returnable one; the event of its shipment may be in flight."""
    if shipped.returned:
        return Code.ALREADY_RETURNED, ProblemDetail
    return Code.NOT_SHIPPED_TO_CUSTOMER, ProblemDetail if is_known_shipped else ProvisionalProblem


def scans_by_lot(command: ReceiveReturn) -> dict[str, str | None]:
    """Return the raw scans of each lot, by its comparison key."""
    scans: dict[str, str | None] = {}
    for read in command.sound_scans:
        key = fold_lot(read.lot or "")
        scans[key] = join_scans(scans.get(key), read.text)
    return scans


def _return_lot(
    uow: ReceivingUnitOfWork, command: ReceiveReturn, lot: LotQuantity, shipped: ShippedLot, scan: str | None
) -> None:  # fmt: skip
    uow.shipped_lots.put(shipped._replace(returned=shipped.returned + lot.quantity))
    uow.returns_by_shipped_lot[shipped.key].add(command.return_id)
    key = (command.return_id, command.sku, lot.lot, command.location)
    before = uow.returned_lots.get(key) or ReturnLot(
        return_id=command.return_id, sku=command.sku, lot=lot.lot, location=command.location, quantity=Decimal(0),
        disposed=Decimal(0), reason=command.reason, received_at=uow.now, received_by=uow.event.actor,
    )  # fmt: skip
    uow.returned_lots.put(before._replace(quantity=before.quantity + lot.quantity, scan=join_scans(before.scan, scan)))


def _to_violation(
    uow: ReceivingUnitOfWork,
    command: ReceiveReturn,
    code: Code,
    problem_class: ProblemClass,
    rejected: list[tuple[LotQuantity, ShippedLot]],
) -> ProblemDetail:
    examples = [
        f"{lot.quantity:f} of {lot.lot or command.sku}, {shipped.shipped:f} shipped and {shipped.returned:f} returned"
        for lot, shipped in rejected[:MAX_EXAMPLES]
    ]
    further = [f"{len(rejected) - MAX_EXAMPLES} more"] if len(rejected) > MAX_EXAMPLES else []
    return_ids = sorted({name for _, shipped in rejected for name in uow.returns_by_shipped_lot[shipped.key]})
    outstanding = _outstanding(uow, command)
    if outstanding:
        further.append(
            "outstanding of other lots: " + ", ".join(f"{lot.returnable:f} of {lot.lot}" for lot in outstanding)
        )
    return problem_class(
        code=code, detail="; ".join(examples + further), ids=[lot.lot or command.sku for lot, _ in rejected],
        blocked_by=[resource_path("returns", name) for name in return_ids], suggested=[lot.lot for lot in outstanding],
    )  # fmt: skip


def _outstanding(uow: ReceivingUnitOfWork, command: ReceiveReturn) -> list[ShippedLot]:
    """Return other lots that the customer may return: the number on the return may be misread, or corrected since."""
    named = {fold_lot(lot.lot) for lot in command.lots}
    key = (command.order, command.customer, command.sku)
    others = [
        lot for lot in uow.shipped_lots if lot.key[:3] == key and lot.returnable and fold_lot(lot.lot) not in named
    ]
    return sorted(others, key=attrgetter("lot"))[:MAX_EXAMPLES]
