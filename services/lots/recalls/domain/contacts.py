"""Customer contacts and closing of recalls (S46)."""

from services.lots.recalls.domain.close import closing_violation
from services.lots.recalls.domain.open import RecallSnapshot, violation_of
from services.lots.recalls.domain.records import ContactLine, CustomerContact
from services.lots.recalls.domain.unit_of_work import RecallsUnitOfWork
from shared.contracts.commands.lots import CloseRecall, RecordCustomerContact
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.recalls import RecallClosed
from shared.identifiers import resource_path
from shared.unit_of_work import CommandResult


def record_contact(uow: RecallsUnitOfWork, command: RecordCustomerContact) -> CommandResult:
    """Record the outcome of a customer contact."""
    recall = command.recall
    if violation := _closed_violation(uow, recall):
        return CommandResult.rejected(violation)
    named = contact_line(command)
    if uow.recalls[recall].dry_run:
        detail = f"{recall} is a dry run: open the recall before its customers are marked"
        return CommandResult.rejected(violation_of(Code.NOT_ON_CONTACT_LIST, detail, recall))
    line = uow.contact_lines.get(named)
    if line is None:
        detail = (
            f"{command.lot_or_serial} of {command.sku} was not shipped to customer {command.customer} "
            f"for order {named.order or '(none)'} with shipment {named.shipment or '(none)'}"
        )
        contacts_path = resource_path("recalls", recall, "contacts")
        violation = violation_of(Code.NOT_ON_CONTACT_LIST, detail, command.lot_or_serial, contacts_path)
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
        return violation_of(Code.RECALL_NOT_FOUND, f"Recall {recall} not found", recall)
    if uow.recalls[recall].closed_at:
        return violation_of(Code.RECALL_CLOSED, f"Recall {recall} is closed", recall, resource_path("recalls", recall))
    return None
