"""Returns of lots: limited to the quantity shipped to the customer on the order, less earlier returns."""

from collections import Counter, defaultdict
from decimal import Decimal

from services.receiving.receipts.domain.results import CommandOutcome, context_of
from services.receiving.returns.domain.records import (
    CustomerReturn,
    ReturnLot,
    ReturnResult,
    ReturnsUnitOfWork,
    ShippedLot,
)
from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.quantities import LotQuantity
from shared.contracts.receiving import ReturnLotsReceived
from shared.contracts.reference import Tracking
from shared.identifiers import resource_path
from shared.inventory.decimals import precision_violation

MAX_EXAMPLES = 20
"""Maximum number of lots in the text of a violation; `ids` lists all of them."""


def get_or_create_return(uow: ReturnsUnitOfWork, event: CloudEvent[ReceiveReturn]) -> CustomerReturn:
    """Return the customer return of a command; create it if it is new."""
    command = event.data
    if (return_record := uow.returns.get(command.return_id)) is None:
        return_record = CustomerReturn(
            return_id=command.return_id, order_id=command.order, customer=command.customer, hold_id=next(uow.ids),
            received_at=uow.now, received_by=event.actor,
        )  # fmt: skip
        uow.returns[command.return_id] = return_record
    return return_record


def lot_tracking_violation(uow: ReturnsUnitOfWork, tracking: Tracking, command: ReceiveReturn) -> ProblemDetail | None:
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
    if repeated := [name for name, count in Counter(lot_numbers).items() if count > 1]:
        return ProblemDetail(
            code=Code.DUPLICATE_LOT_IN_REQUEST, detail=f"The return repeats {len(repeated)} lots", ids=repeated
        )
    return next(filter(None, (_precision_violation(uow, command, lot) for lot in command.lots)), None)


def _precision_violation(uow: ReturnsUnitOfWork, command: ReceiveReturn, lot: LotQuantity) -> ProblemDetail | None:
    """Check the precision of a returned quantity; the full remaining quantity is always allowed."""
    shipped = uow.shipped_lots.get((command.order, command.customer, command.sku, lot.lot))
    if shipped is not None and lot.quantity == shipped.returnable:
        return None
    return precision_violation(command.sku, lot.quantity, uow.decimals.get(command.sku), lot.lot or command.sku)


def return_lots(uow: ReturnsUnitOfWork, event: CloudEvent[ReceiveReturn]) -> CommandOutcome:
    """Receive returned lots on hold; only lots that exceed the returnable quantity are rejected."""
    command = event.data
    accepted: list[LotQuantity] = []
    rejected: dict[Code, list[tuple[LotQuantity, ShippedLot]]] = defaultdict(list)
    for lot in command.lots:
        shipped = uow.shipped_of(command.order, command.customer, command.sku, lot.lot)
        if lot.quantity > shipped.returnable:
            rejected[
                _return_violation(shipped, is_known_shipped=(command.order, command.sku, lot.lot) in uow.known_shipped)
            ].append((lot, shipped))
        else:
            _return_lot(uow, event, lot, shipped)
            accepted.append(lot)
    violations = [_to_violation(uow, command, code, lot) for code, lot in rejected.items()]
    if not accepted:
        return CommandOutcome(violations=violations)
    return_record = get_or_create_return(uow, event)
    received_event = ReturnLotsReceived(
        return_id=command.return_id, order=command.order, customer=command.customer, sku=command.sku, lots=accepted,
        location=command.location, hold_id=return_record.hold_id, reason=command.reason, **context_of(event),
    )  # fmt: skip
    return CommandOutcome(
        ReturnResult(return_id=command.return_id, hold_id=return_record.hold_id, lots=accepted),
        [received_event],
        violations,
    )


def _return_violation(shipped: ShippedLot, *, is_known_shipped: bool) -> Code:
    """Return the error code for a quantity above the returnable one."""
    if shipped.returned:
        return Code.ALREADY_RETURNED
    return Code.NOT_SHIPPED_TO_CUSTOMER if is_known_shipped else Code.NOT_YET_AVAILABLE


def _return_lot(
    uow: ReturnsUnitOfWork, event: CloudEvent[ReceiveReturn], lot: LotQuantity, shipped: ShippedLot
) -> None:
    command = event.data
    uow.put_shipped_lot(shipped._replace(returned=shipped.returned + lot.quantity))
    uow.returned_with[shipped.key].add(command.return_id)
    key = (command.return_id, command.sku, lot.lot, command.location)
    before = uow.returned_lots.get(key) or ReturnLot(
        return_id=command.return_id, sku=command.sku, lot=lot.lot, location=command.location, quantity=Decimal(0),
        disposed=Decimal(0), reason=command.reason, received_at=uow.now, received_by=event.actor,
    )  # fmt: skip
    uow.returned_lots[key] = before._replace(quantity=before.quantity + lot.quantity)


def _to_violation(
    uow: ReturnsUnitOfWork, command: ReceiveReturn, code: Code, rejected: list[tuple[LotQuantity, ShippedLot]]
) -> ProblemDetail:
    examples = [
        f"{lot.quantity:f} of {lot.lot or command.sku}, {shipped.shipped:f} shipped and {shipped.returned:f} returned"
        for lot, shipped in rejected[:MAX_EXAMPLES]
    ]
    further = [f"{len(rejected) - MAX_EXAMPLES} more"] if len(rejected) > MAX_EXAMPLES else []
    return_ids = sorted({name for _, shipped in rejected for name in uow.returned_with[shipped.key]})
    return ProblemDetail(
        code=code, detail="; ".join(examples + further), ids=[lot.lot or command.sku for lot, _ in rejected],
        blocked_by=[resource_path("returns", name) for name in return_ids],
    )  # fmt: skip
