"""Lifecycles after the sale: units sold before the registry existed, and units at their vendor."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from shared.contracts.commands.serials import AdjustSerials, RegisterSoldSerials
from tests.support.messages.serials import DOCK
from tests.unit.serials.lifecycle_machine import PAST_SALES, TODAY, UnitLifecycleMachine, lots, sold_serials


class AfterSalesMachine(UnitLifecycleMachine):
    """Adds past sales and repairs to the lifecycle of units."""

    @rule(serial=sold_serials)
    def return_to_vendor(self, serial: str) -> None:
        """Return a serial that came back from its customer to its vendor."""
        self.receiving.return_to_vendor(serial)

    @rule(serial=sold_serials)
    def return_from_vendor(self, serial: str) -> None:
        """Take a serial back from its vendor."""
        self.service.handle(
            AdjustSerials(
                sku="A-1", serials=[serial], adjustment="RETURNED_FROM_VENDOR", location=DOCK, reason="repaired"
            )
        )

    @rule(serial=st.sampled_from(PAST_SALES), lot=lots, days=st.integers(0, 40))
    def register_past_sale(self, serial: str, lot: str, days: int) -> None:
        """Register a serial as sold before."""
        self.service.handle(
            RegisterSoldSerials(
                sku="A-1", serials=[serial], sold_on=TODAY - timedelta(days), order="INV-1", customer="C-1", lot=lot,
                reason="go-live",
            )
        )  # fmt: skip
