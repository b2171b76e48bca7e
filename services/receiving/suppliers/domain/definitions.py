"""Settings of suppliers."""

from datetime import datetime

from services.receiving.suppliers.domain.records import Supplier
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import DefineSupplier
from shared.contracts.model import KnownFieldsModel
from shared.identifiers import resource_path
from shared.unit_of_work import CommandResult


class SupplierOut(KnownFieldsModel):
    """A supplier whose goods are received in a way of their own."""

    supplier: str
    receive_by_carton: bool
    changed_at: datetime
    """When this was decided."""
    changed_by: str
    """Who decided it."""


def define_supplier(uow: ReceivingUnitOfWork, command: DefineSupplier) -> CommandResult:
    """Set how the goods of a supplier are received; the same again changes nothing."""
    before = uow.suppliers.get(command.supplier)
    after = Supplier(command.supplier, command.receive_by_carton, uow.now, uow.event.actor)
    if before and before.receive_by_carton == after.receive_by_carton:
        return CommandResult(SupplierOut(**before._asdict()))
    uow.suppliers.put(after)
    result = CommandResult(SupplierOut(**after._asdict()))
    return result if before else result.created(resource_path("suppliers", command.supplier))
