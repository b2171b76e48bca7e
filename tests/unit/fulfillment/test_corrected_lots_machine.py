"""Random corrections of lot numbers between messages of delayed services: stock and orders agree in the end."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from shared.contracts.commands.fulfillment import (
    PickItems,
    ReportShortPick,
    UnpickItems,
)
from shared.contracts.upstream import OrderAmended
from tests.support.messages.lot_orders import missing_lots
from tests.support.messages.lots import OUTBOUND
from tests.unit.fulfillment.connected_services import LOCATIONS, lot_line
from tests.unit.fulfillment.test_corrected_lots import BOTH, DelayedServices

ORDERS = st.sampled_from(["O1", "O2"])


CHOICES = st.integers(0, 20)


LOTS = st.sampled_from(["L1", "L2", "L9"])


PLACES = st.sampled_from([None, *LOCATIONS.values(), OUTBOUND])


class CorrectionMachine(RuleBasedStateMachine):
    """Orders, picks, departures and corrections, with events under way in both directions."""

    def __init__(self) -> None:
        super().__init__()
        self.services = DelayedServices()
        self.services.stock_lots(L1=6, L2=6)
        self.number = 0

    @rule(order=ORDERS, quantity=st.integers(1, 4), criteria=st.sampled_from([{}, {}, BOTH, {"single_lot": True}]))
    def place_or_amend(self, order: str, quantity: int, criteria: dict[str, Any]) -> None:
        """Place an order, or change it."""
        if order not in self.services.fulfillment.uow.orders:
            self.services.place(lot_line("1", quantity, **criteria), order=order)
        else:
            self.services.fulfillment.handle(OrderAmended(order=order, lines=[lot_line("1", quantity, **criteria)]))
            self.services._requests += self.services.fulfillment.uow.emitted  # noqa: SLF001

    @rule(lot=LOTS, right_lot=LOTS, location=PLACES, quantity=st.sampled_from([None, 1, 2]))
    def correct(self, lot: str, right_lot: str, location: str | None, quantity: int | None) -> None:
        """Correct the number of goods at a location, or of all of them."""
        if lot != right_lot:
            self.services.correct(lot, right_lot, location, quantity if location else None)

    @rule(count=st.integers(1, 4))
    def deliver(self, count: int) -> None:
        """Deliver events to lots."""
        self.services.deliver(count)

    @rule(count=st.integers(1, 4))
    def deliver_to_fulfillment(self, count: int) -> None:
        """Deliver events of lots."""
        self.services.deliver_to_fulfillment(count)

    @rule(
        choice=CHOICES,
        part=st.integers(1, 4),
        action=st.sampled_from(["pick", "pick", "unpick", "short", "ship", "ship"]),
    )
    def continue_order(self, choice: int, part: int, action: str) -> None:
        """Pick, unpick, report missing, or pack and request the dispatch."""
        status = "ALLOCATED" if action in {"pick", "short"} else "PICKED"
        lots = [lot for lot in self.services.fulfillment.uow.lots if lot.status == status]
        if not lots:
            return
        lot = lots[choice % len(lots)]
        selectors = self.services.select(lot.lot, min(part, int(lot.quantity)))
        match action:
            case "pick":
                self.services.handle(PickItems(order=lot.order_id, stock=selectors, location=OUTBOUND))
            case "unpick":
                self.services.handle(
                    UnpickItems(order=lot.order_id, stock=selectors, location=LOCATIONS["L3"], reason="back")
                )
            case "short" if len(lots) == 1:
                located = [selectors[0].model_copy(update={"location": lot.location})]
                self.services.handle(
                    ReportShortPick(order=lot.order_id, stock=missing_lots(located), reason="not there")
                )
            case "ship":
                self.number += 1
                self.services.pack(lot.lot, int(selectors[0].quantity), lot.order_id, f"SH-{self.number}")
                self.services.dispatch(lot.order_id, f"SH-{self.number}")

    def teardown(self) -> None:
        """When nothing is under way, both services agree, and only wanted lots are to be picked."""
        self.services.settle()
        self.services.assert_agreement()
        for lot in self.services.fulfillment.uow.lots:
            line = self.services.fulfillment.uow.lines[lot.order_id, lot.line]
            is_wanted = not line.lots or lot.lot in line.lots
            assert is_wanted or (lot.status == "PICKED" and lot.mismatch), (lot, line)


TestCorrectionMachine = CorrectionMachine.TestCase
TestCorrectionMachine.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
