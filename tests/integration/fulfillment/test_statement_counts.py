"""Number of SQL statements per transaction."""

from collections.abc import Sequence
from decimal import Decimal

from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment, ReportShortPick, UnpickItems
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import AllocationRequested, DispatchCheckRequested
from shared.contracts.lot_corrections import LotDatesCorrected
from shared.contracts.lots import AffectedLot, LotHoldPlaced, LotHoldReleased
from shared.contracts.upstream import OrderCancelled
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import LotHarness
from tests.support.messages.lot_orders import missing_lots


async def run_lifecycle(harness: FulfillmentHarness, order_names: Sequence[str], unit_count: int) -> list[int]:
    """Run orders through their lifecycle, each step in one transaction; return the statement counts."""
    statement_counts = []

    async def step(messages: Sequence[Message]) -> None:
        outcome = await harness.handle(*messages)
        assert outcome.error_codes() == []
        statement_counts.append(outcome.statement_count)

    def serials_of(order_name: str) -> list[str]:
        return [f"{order_name}-{number}" for number in range(unit_count)]

    await step([harness.order_placed(order_name, unit_count) for order_name in order_names])
    requests = harness.events_of(AllocationRequested)
    await step(
        [
            harness.serial_allocated(request, serials_of(order_name))
            for request, order_name in zip(requests, order_names, strict=True)
        ]
    )
    await step([harness.pick_command(order_name, *serials_of(order_name)) for order_name in order_names])
    await step(
        [harness.pack_command(order_name, f"C-{order_name}", *serials_of(order_name)) for order_name in order_names]
    )
    await step(
        [
            CreateShipment(
                shipment=harness.scoped_id(f"SH-{order_name}"), cartons=[harness.scoped_id(f"C-{order_name}")]
            )
            for order_name in order_names
        ]
    )
    await step([DispatchShipment(shipment=harness.scoped_id(f"SH-{order_name}")) for order_name in order_names])
    await step(harness.approvals_for(harness.events_of(DispatchCheckRequested)))
    await step([harness.order_placed(f"{order_name}-2", unit_count) for order_name in order_names])
    await step([OrderCancelled(order=harness.scoped_id(f"{order_name}-2")) for order_name in order_names])
    return statement_counts


async def test_statements_do_not_grow_with_units_or_messages(harness: FulfillmentHarness) -> None:
    """1 order of 1 unit, 1 of 50 units and 50 of 2 units need equally many statements."""
    await harness.place_order("first")  # the first order of a product needs another statement
    expected = await run_lifecycle(harness, ["one"], 1)
    assert await run_lifecycle(harness, ["large"], 50) == expected
    assert await run_lifecycle(harness, [f"many{number}" for number in range(50)], 2) == expected


async def run_lot_lifecycle(lot_harness: LotHarness, order_names: Sequence[str], lot_count: int) -> list[int]:
    """Run lot orders through their lifecycle with short picks, unpicks and holds; return the statement counts."""
    harness, statement_counts = lot_harness.harness, []

    async def step(messages: Sequence[Message]) -> None:
        outcome = await harness.handle(*messages)
        assert outcome.error_codes() == []
        statement_counts.append(outcome.statement_count)

    def quantities(quantity: str) -> list[tuple[str, str]]:
        return [(f"L{number}", quantity) for number in range(lot_count)]

    def hold_event(request: AllocationRequested) -> LotHoldPlaced:
        affected = AffectedLot(
            order=request.order, line="1", demand_id=request.demand_id, lot="L0", quantity=Decimal(1)
        )
        return LotHoldPlaced(
            sku=lot_harness.sku, lot="L0", hold_id=f"H-{request.order}", reason="recall", stock=[affected]
        )

    order_ids = [harness.scoped_id(order_name) for order_name in order_names]
    await step([lot_harness.order_placed(order_name, 4 * lot_count) for order_name in order_names])
    requests = harness.events_of(AllocationRequested)
    await step([lot_harness.lot_allocated(request, *quantities("4")) for request in requests])
    await step([lot_harness.pick_command(order_name, *quantities("2.5")) for order_name in order_names])
    await step(
        [
            ReportShortPick(
                order=order_id, stock=missing_lots(lot_harness.lot_selectors(*quantities("0.5"))), reason="missing"
            )
            for order_id in order_ids
        ]
    )
    await step(
        [
            UnpickItems(
                order=order_id, stock=lot_harness.lot_selectors(*quantities("0.5")), location="EAST/A-1", reason="x"
            )
            for order_id in order_ids
        ]
    )
    await step(
        [lot_harness.pack_command(order_name, f"C-{order_name}", *quantities("1.5")) for order_name in order_names]
    )
    await step(
        [lot_harness.pack_command(order_name, f"C-{order_name}", *quantities("0.5")) for order_name in order_names]
    )
    await step(
        [
            CreateShipment(
                shipment=harness.scoped_id(f"SH-{order_name}"), cartons=[harness.scoped_id(f"C-{order_name}")]
            )
            for order_name in order_names
        ]
    )
    await step([DispatchShipment(shipment=harness.scoped_id(f"SH-{order_name}")) for order_name in order_names])
    await step(lot_harness.approvals_for(harness.events_of(DispatchCheckRequested)))
    await step([hold_event(request) for request in requests])
    releases = [
        LotHoldReleased(sku=lot_harness.sku, lot="L0", hold_id=f"H-{order_id}", reason="released")
        for order_id in order_ids
    ]
    await step(releases)
    await step(
        [LotDatesCorrected(sku=lot_harness.sku, lot="L0", orders=order_ids, reason="label checked")] * len(order_names)
    )
    await step([OrderCancelled(order=order_id) for order_id in order_ids])
    return statement_counts


async def test_statements_do_not_grow_with_lots_or_messages(harness: FulfillmentHarness) -> None:
    """1 order of 2 lots, 1 of 50 lots and 50 of 3 lots need equally many statements."""
    lot_harness = await LotHarness(harness).define_reference_data()
    await lot_harness.place_order("first", 1)  # the first order of a product needs another statement
    expected = await run_lot_lifecycle(lot_harness, ["one"], 2)
    assert await run_lot_lifecycle(lot_harness, ["large"], 50) == expected
    assert await run_lot_lifecycle(lot_harness, [f"many{number}" for number in range(50)], 3) == expected
