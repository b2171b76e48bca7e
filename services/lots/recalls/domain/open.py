"""Opening, customer contacts and closing of recalls (S46)."""

from collections.abc import Iterator, Mapping
from typing import Literal

from services.lots.recalls.domain.close import closing_violation
from services.lots.recalls.domain.matches import RecallMatch, resolve, unmatched_lots
from services.lots.recalls.domain.query import RecallQuery
from services.lots.recalls.domain.records import (
    ContactLine,
    CustomerContact,
    Recall,
    RecallCriterion,
    RecalledLot,
    RecalledProduct,
)
from services.lots.recalls.domain.unit_of_work import RecallsUnitOfWork
from shared.contracts.commands.lots import CloseRecall, OpenRecall, RecordCustomerContact
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.recalls import RecallClosed, RecallOpened, RecallRange
from shared.contracts.reference import Tracking
from shared.identifiers import fold_lot, resource_path
from shared.unit_of_work import CommandResult


class AffectedProduct(KnownFieldsModel):
    """An affected product with its lots; serials are reported later."""

    sku: str
    lots: list[str]


class RecallSnapshot(KnownFieldsModel):
    """A recall after a command.

    `unmatched_lots` names listed lots that fit no lot here; the serials service still searches its units for them.
    """

    recall: str
    status: Literal["OPEN", "CLOSED"]
    products: list[AffectedProduct] = []
    unmatched_lots: list[str] = []


def open_recall(uow: RecallsUnitOfWork, command: OpenRecall) -> CommandResult:
    """Record the affected products and lots, and publish one event per product."""
    lookup, recall = uow.lookups[uow.event.cause], command.recall
    if recall in uow.recalls:
        return CommandResult.rejected(_violation(Code.DOCUMENT_EXISTS, f"Recall {recall} already exists", recall))
    matches = resolve(lookup)
    if isinstance(matches, ProblemDetail):
        return CommandResult.rejected(matches)
    actor = uow.event.actor
    request = command.model_copy(update={"actor": actor}).model_dump_json()
    uow.recalls.put(Recall(recall, command.reason, command.text, command.mock, uow.now, actor, request))
    if not command.mock:  # a mock recall places no holds
        uow.criteria += _criteria(lookup.query)
    add_products(uow, command, matches, lookup.products)
    products = [AffectedProduct(sku=sku, lots=list(match.lots)) for sku, match in sorted(matches.items())]
    unmatched = list(dict.fromkeys(lot for _, lot in unmatched_lots(lookup.query, lookup.known_lots)))
    body = RecallSnapshot(recall=recall, status="OPEN", products=products, unmatched_lots=unmatched)
    return CommandResult(body, resource_path=resource_path("recalls", recall))


def add_products(
    uow: RecallsUnitOfWork, command: OpenRecall, matches: Mapping[str, RecallMatch], products: Mapping[str, Tracking]
) -> None:
    """Record affected products, with their lots if lots owns them, and publish one event per product.

    The recall's id is also the id of its hold.
    """
    context = uow.context._replace(actor=command.actor or uow.event.actor)
    for sku, match in sorted(matches.items()):
        uow.recalled_products.append(RecalledProduct(command.recall, sku, products[sku]))
        if products[sku] != "SERIAL":
            uow.recalled_lots += [RecalledLot(command.recall, sku, lot) for lot in match.lots]
        ranges = [RecallRange(first=serial_range.first, last=serial_range.last) for serial_range in match.ranges]
        uow.emit(
            RecallOpened, context, recall=command.recall, sku=sku, tracking=products[sku], lots=list(match.lots),
            serials=list(match.serials), ranges=ranges, search_terms=list(match.search_terms), mock=command.mock,
            hold_id=command.recall, reason=command.reason,
        )  # fmt: skip


def _criteria(query: RecallQuery) -> Iterator[RecallCriterion]:
    command = query.command
    for term in query.notice.search_terms:
        yield RecallCriterion(command.recall, "TERM", term.lower(), "", command.skus)
    for found in query.notice.ranges:
        yield RecallCriterion(command.recall, "RANGE", found.first.lower(), found.last.lower(), command.skus)
    for named in command.ranges:
        yield RecallCriterion(command.recall, "RANGE", named.first.lower(), named.last.lower(), [named.sku])
    for entry in command.lots:
        if entry.sku is None:
            yield RecallCriterion(command.recall, "LOT", fold_lot(entry.lot), "", command.skus)


def record_contact(uow: RecallsUnitOfWork, command: RecordCustomerContact) -> CommandResult:
    """Record the outcome of a customer contact."""
    recall = command.recall
    if violation := _closed_violation(uow, recall):
        return CommandResult.rejected(violation)
    line = contact_line(command)
    if line not in uow.contact_lines:
        detail = (
            f"{command.lot_or_serial} of {command.sku} was not shipped to customer {command.customer} "
            f"for order {line.order or '(none)'} with shipment {line.shipment or '(none)'}"
        )
        contacts_path = resource_path("recalls", recall, "contacts")
        violation = _violation(Code.NOT_ON_CONTACT_LIST, detail, command.lot_or_serial, contacts_path)
        return CommandResult.rejected(violation)
    uow.contacts.append(
        CustomerContact(
            recall=recall, customer=line.customer, order_id=line.order, shipment=line.shipment, sku=line.sku,
            lot_or_serial=line.lot_or_serial, outcome=command.outcome, note=command.note, contacted_at=uow.now,
            contacted_by=uow.event.actor,
        )
    )  # fmt: skip
    return CommandResult(RecallSnapshot(recall=recall, status="OPEN"))


def contact_line(command: RecordCustomerContact) -> ContactLine:
    """Return the line of the contact list that a command names."""
    return ContactLine(
        command.recall, command.customer, command.order or "", command.shipment or "", command.sku,
        command.lot_or_serial,
    )  # fmt: skip


def close_recall(uow: RecallsUnitOfWork, command: CloseRecall) -> CommandResult:
    """Close a recall without open items."""
    recall = command.recall
    if violation := _closed_violation(uow, recall):
        return CommandResult.rejected(violation)
    if violation := closing_violation(recall, uow.open_items[recall]):
        return CommandResult.rejected(violation)
    uow.recalls.put(
        uow.recalls[recall]._replace(closed_at=uow.now, closed_by=uow.event.actor, closed_reason=command.reason)
    )
    for sku in uow.skus_by_recall[recall]:
        uow.emit(RecallClosed, recall=recall, sku=sku, reason=command.reason)
    return CommandResult(RecallSnapshot(recall=recall, status="CLOSED"))


def _closed_violation(uow: RecallsUnitOfWork, recall: str) -> ProblemDetail | None:
    if recall not in uow.recalls:
        return _violation(Code.RECALL_NOT_FOUND, f"Recall {recall} not found", recall)
    if uow.recalls[recall].closed_at:
        return _violation(Code.RECALL_CLOSED, f"Recall {recall} is closed", recall, resource_path("recalls", recall))
    return None


def _violation(code: Code, detail: str, identifier: str, *blocked_by: str) -> ProblemDetail:
    return ProblemDetail(code=code, detail=detail, ids=[identifier], blocked_by=list(blocked_by))
