"""Handlers of customer returns and dispositions, and of shipment events from serials and lots."""

from collections.abc import Sequence

from services.receiving.returns import domain, store
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.lots import LotShipped
from shared.contracts.serials import SerialStateChanged
from shared.identifiers import resource_path
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult


async def receive_returns(tx: Transaction, events: Sequence[CloudEvent[ReceiveReturn]]) -> Sequence[CommandResult]:
    """Receive customer returns."""
    commands = [event.data for event in events]
    uow = await store.load(
        tx,
        returns=(command.return_id for command in commands),
        units=((command.sku, serial) for command in commands for serial in command.serials),
        skus=(command.sku for command in commands),
        locations=(command.location for command in commands),
        shipped_lots=((command.order, command.sku, lot.lot) for command in commands for lot in command.lots),
    )
    results = []
    for event in events:
        is_new = uow.returns.get(event.data.return_id) is None
        result = CommandResult(**domain.receive_return(uow, event)._asdict())
        results.append(result.created(resource_path("returns", event.data.return_id)) if is_new else result)
    await store.save(tx, uow)
    return results


async def dispose_returns(tx: Transaction, events: Sequence[CloudEvent[DisposeReturn]]) -> Sequence[CommandResult]:
    """Dispose of returned items."""
    uow = await store.load(tx, returns=(event.data.return_id for event in events))
    results = [domain.dispose_return(uow, event) for event in events]
    await store.save(tx, uow)
    return [CommandResult(**result._asdict()) for result in results]


async def record_shipped_units(tx: Transaction, events: Sequence[CloudEvent[SerialStateChanged]]) -> Sequence[Message]:
    """Record the customer and order of shipped units."""
    uow = await store.load(tx, units=((event.data.sku, serial) for event in events for serial in event.data.serials))
    conflicts = domain.record_shipped_units(uow, events)
    await store.save(tx, uow)
    return conflicts


async def record_shipped_lots(tx: Transaction, events: Sequence[CloudEvent[LotShipped]]) -> Sequence[Message]:
    """Record shipped lot quantities by order and customer."""
    shipments = [event.data for event in events]
    keys = ((shipment.order, shipment.sku, lot.lot) for shipment in shipments for lot in shipment.lots)
    uow = await store.load(tx, shipped_lots=keys)
    domain.record_shipped_lots(uow, events)
    await store.save(tx, uow)
    return ()
