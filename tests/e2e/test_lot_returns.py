"""Customer returns of lots in all services."""

from decimal import Decimal

from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.quantities import LotQuantity
from tests.e2e import conservation
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, scanned_lot
from tests.e2e.serial_scenario import DOCK
from tests.e2e.system import SystemUnderTest


class ShippedLots:
    """Five of L1 and one of L2, shipped to a customer who returns some."""

    def __init__(self, system: SystemUnderTest, lot_scenario: LotScenario) -> None:
        self.system, self.scenario, self.order, self.return_id = system, lot_scenario, "", lot_scenario.new_id("RMA")

    async def ship(self) -> None:
        """Stock and ship the lots."""
        await self.scenario.define_product()
        await self.scenario.stock_lots(scanned_lot("L1", 5, 20), scanned_lot("L2", 5, 30))
        self.order = await self.scenario.place_order(6)
        await self.scenario.ship_all(self.order, 2)
        await self.scenario.wait_for_balances({("L2", STORAGE_LOCATIONS[1]): (4, 0)})

    def return_command(self, lot_number: str, quantity: int, **other: str) -> ReceiveReturn:
        """Return a customer return of a quantity of a lot."""
        values = {
            "return_id": self.return_id,
            "order": self.order,
            "customer": "C-1",
            "sku": self.scenario.sku,
            **other,
        }
        lots = [{"lot": lot_number, "quantity": quantity}]
        return ReceiveReturn.model_validate({**values, "lots": lots, "location": DOCK, "reason": "too many"})

    async def dispose(self, lot_number: str, quantity: int, disposition: str) -> None:
        """Dispose of a part of the return."""
        lots = [LotQuantity(lot=lot_number, quantity=Decimal(quantity))]
        decision = DisposeReturn(return_id=self.return_id, lots=lots, disposition=disposition, reason="inspected")
        await self.system.execute(decision, actor="sue")


async def test_returned_lot_is_held_until_its_disposition(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A returned lot is held; restocked it is available again, scrapped it is removed (S18)."""
    shipped_lots = ShippedLots(system, lot_scenario)
    await shipped_lots.ship()
    await system.execute(shipped_lots.return_command("L1", 4))
    await lot_scenario.wait_for_balances({("L1", DOCK): (4, 0), ("L2", STORAGE_LOCATIONS[1]): (4, 0)})
    (hold,) = (await system.get_json("lots", "/holds", sku=lot_scenario.sku))["items"]
    assert (hold["kind"], hold["lot"], hold["location"]) == ("RETURN", "L1", DOCK)
    await shipped_lots.dispose("L1", 3, "RESTOCK")
    await shipped_lots.dispose("L1", 1, "SCRAP")
    await lot_scenario.wait_for_balances({("L1", DOCK): (3, 0), ("L2", STORAGE_LOCATIONS[1]): (4, 0)})
    await lot_scenario.put_away_lot("L1", 3, STORAGE_LOCATIONS[0])
    order = await lot_scenario.place_order(5)
    await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 3, ("L2", STORAGE_LOCATIONS[1]): 2})
    await lot_scenario.ship_all(order, 2)
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_returns_cannot_exceed_shipments(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A return of more than shipped, or of another lot, customer or order, is rejected (S18).

    A lot or order without a known shipment is so too in the end, once no event is in flight.
    """
    shipped_lots = ShippedLots(system, lot_scenario)
    await shipped_lots.ship()
    await system.execute(shipped_lots.return_command("L1", 2))
    problem = await system.assert_rejected(shipped_lots.return_command("L1", 4), "already_returned")
    assert problem["blocked_by"] == [f"/returns/{shipped_lots.return_id}"]
    for wrong_return in (
        shipped_lots.return_command("L2", 2),
        shipped_lots.return_command("L1", 1, customer="C-2", return_id=lot_scenario.new_id("RMA")),
    ):
        await system.assert_rejected(wrong_return, "not_shipped_to_customer")
    for unknown_return in (
        shipped_lots.return_command("L3", 1),
        shipped_lots.return_command("L1", 1, order="SO-?", return_id=lot_scenario.new_id("RMA")),
    ):
        await system.assert_rejected(unknown_return, "not_shipped_to_customer")
    await system.execute(shipped_lots.return_command("L1", 3, return_id=lot_scenario.new_id("RMA")))
    await lot_scenario.wait_for_balances({("L1", DOCK): (5, 0), ("L2", STORAGE_LOCATIONS[1]): (4, 0)})
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])
