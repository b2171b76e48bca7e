"""What may come back: only what was shipped to that customer on that order, and once."""

from collections import Counter, defaultdict

from services.receiving.receipts.domain.answers import Outcome, by
from services.receiving.receipts.domain.records import Unit
from services.receiving.returns.domain.counting import ill_counted, opened, receive_lots
from services.receiving.returns.domain.records import Book, ReturnAnswer, ReturnUnit
from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import UnitReturned
from shared.identifiers import address_of


def receive(book: Book, event: CloudEvent[ReceiveReturn]) -> Outcome:
    """Take units or lots back that this customer got on this order; each of them once."""
    wish = event.data
    if refusal := _ill_named(book, wish) or _misplaced(book, wish) or _of_another(book, wish):
        return Outcome(refusals=[refusal])
    return receive_lots(book, event) if wish.lots else _receive_units(book, event)


def _receive_units(book: Book, event: CloudEvent[ReceiveReturn]) -> Outcome:
    wish = event.data
    refused: dict[tuple[Code, str], list[Unit]] = defaultdict(list)
    back: list[Unit] = []
    for serial in wish.serials:
        unit = book.units.get((wish.sku, serial)) or Unit(wish.sku, serial)
        if why := _not_back(unit, wish):
            refused[why].append(unit)
        else:
            back.append(_here(book, event, unit))
    refusals = [_refusal(code, why, units) for (code, why), units in refused.items()]
    if not back:
        return Outcome(refusals=refusals)
    document = opened(book, event)
    returned = UnitReturned(
        return_id=wish.return_id, order=wish.order, customer=wish.customer, sku=wish.sku,
        serials=[unit.serial for unit in back], versions=[unit.version for unit in back], location=wish.location,
        hold=document.hold, reason=wish.reason, **by(event),
    )  # fmt: skip
    body = ReturnAnswer(return_id=wish.return_id, hold=document.hold, serials=returned.serials)
    return Outcome(body, [returned], refusals)


def _ill_named(book: Book, wish: ReceiveReturn) -> Refusal | None:
    tracking = book.trackings.get(wish.sku)
    if tracking is None:
        return Refusal(code=Code.UNKNOWN_PRODUCT, detail=f"{wish.sku} is no product")
    if wish.lots:
        return ill_counted(book, tracking, wish)
    if tracking != "SERIAL":
        return Refusal(code=Code.NOT_SERIAL_TRACKED, detail=f"{wish.sku} is tracked as {tracking}")
    if twice := [serial for serial, count in Counter(wish.serials).items() if count > 1]:
        return Refusal(code=Code.SERIAL_REPEATED, detail="the return names a unit again", ids=twice)
    return None


def _misplaced(book: Book, wish: ReceiveReturn) -> Refusal | None:
    kind = book.locations.get(wish.location)
    if kind is None:
        return Refusal(code=Code.UNKNOWN_LOCATION, detail=f"{wish.location} is not defined")
    if kind == "STORAGE":
        detail = f"{wish.location} is of type {kind}; returned goods wait at a dock or staging place"
        return Refusal(code=Code.WRONG_LOCATION_TYPE, detail=detail)
    return None


def _of_another(book: Book, wish: ReceiveReturn) -> Refusal | None:
    document = book.returns.get(wish.return_id)
    if document and (document.order, document.customer) != (wish.order, wish.customer):
        detail = f"{wish.return_id} is the return of {document.customer}'s order {document.order}"
        return Refusal(code=Code.DOCUMENT_EXISTS, detail=detail, blocked_by=[address_of("returns", wish.return_id)])
    return None


def _not_back(unit: Unit, wish: ReceiveReturn) -> tuple[Code, str] | None:
    """Why a unit cannot come back, and what is in the way."""
    theirs = (unit.order, unit.customer) == (wish.order, wish.customer)
    if unit.state == "OUT":
        return None if theirs else (Code.NOT_SHIPPED_TO_CUSTOMER, "shipped to another customer or on another order")
    if unit.state != "IN_HOUSE":
        return Code.NOT_SHIPPED_TO_CUSTOMER, "never shipped"
    if theirs and unit.return_id:
        return Code.ALREADY_RETURNED, address_of("returns", unit.return_id)
    return Code.NOT_YET_KNOWN, "in the house, as far as is known here"


def _refusal(code: Code, why: str, units: list[Unit]) -> Refusal:
    ids = [unit.serial for unit in units]
    if code is Code.ALREADY_RETURNED:
        return Refusal(code=code, detail=f"{len(ids)} units came back before", ids=ids, blocked_by=[why])
    return Refusal(code=code, detail=f"{len(ids)} units: {why}", ids=ids)


def _here(book: Book, event: CloudEvent[ReceiveReturn], unit: Unit) -> Unit:
    wish = event.data
    here = unit._replace(version=unit.version + 1, state="IN_HOUSE", location=wish.location, return_id=wish.return_id)
    book.units[unit.key] = here
    book.returned[wish.return_id, wish.sku, unit.serial] = ReturnUnit(
        return_id=wish.return_id, sku=wish.sku, serial=unit.serial, location=wish.location, reason=wish.reason,
        at=book.now, actor=event.actor,
    )  # fmt: skip
    return here
