"""Loads and saves suppliers, one batch at a time."""

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from services.receiving.suppliers.domain.records import Supplier
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import DefineSupplier
from shared.contracts.envelope import CloudEvent
from shared.persistence.database import Transaction
from shared.persistence.record_table import RecordTable

SUPPLIERS = RecordTable("supplier", Supplier, "supplier", "receive_by_carton changed_at changed_by", upsert=True)
SELECT_SUPPLIERS = text(
    f"SELECT {SUPPLIERS.columns()} FROM supplier WHERE supplier = ANY(CAST(:names AS text[]))"  # noqa: S608
)


async def load_definitions(
    tx: Transaction, uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[DefineSupplier]]
) -> None:
    """Load the suppliers of definitions."""
    await load_suppliers(tx, uow, {event.data.supplier for event in events})


async def load_suppliers(tx: Transaction, uow: ReceivingUnitOfWork, names: Iterable[str]) -> None:
    """Load suppliers by name."""
    uow.suppliers.load(SUPPLIERS.load(await tx.fetch_all(SELECT_SUPPLIERS, {"names": sorted(names)})))


async def save(tx: Transaction, uow: ReceivingUnitOfWork) -> None:
    """Save suppliers."""
    await SUPPLIERS.save(tx, uow.suppliers)
