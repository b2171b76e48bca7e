"""Random operations on serial-tracked stock; the invariants hold whenever all services are idle."""

from collections.abc import Sequence
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.contracts.commands.fulfillment import (
    CreateShipment,
    DispatchShipment,
    PackItems,
    PickItems,
    ReportShortPick,
    SwapUnit,
    UnitSelector,
    UnpickItems,
)
from shared.contracts.commands.serials import (
    AdjustSerials,
    CountSerials,
    PlaceSerialHold,
    PutAwaySerials,
    ReleaseSerialHold,
    ResolveCountDiscrepancies,
)
from shared.contracts.envelope import Message
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine
from tests.e2e import invariants
from tests.e2e.delivery import deliver_shuffled
from tests.e2e.serial_scenario import OTHER_SHELF, SHELF, STAGE, SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest

ORDERS, UNITS = 4, 6
order_index, unit_index = st.integers(0, ORDERS - 1), st.integers(0, UNITS - 1)
picking_kinds = st.sampled_from(["pick", "pick", "pick", "short_pick", "unpick", "swap", "ship", "ship"])
step_strategy = st.one_of(
    st.tuples(
        st.just("place"), st.integers(1, 3), st.sampled_from(["ALLOWED", "ALLOWED", "NOT_ALLOWED", "SHIP_COMPLETE"])
    ),
    st.tuples(st.sampled_from(["amend", "amend", "cancel"]), order_index, st.integers(1, 3)),
    st.tuples(st.just("name"), order_index, unit_index),
    st.tuples(picking_kinds, order_index, unit_index),
    st.tuples(picking_kinds, order_index, unit_index),
    st.tuples(st.sampled_from(["put_away", "put_away", "hold", "release", "lost", "found"]), unit_index),
    st.tuples(st.sampled_from(["count", "resolve"]), unit_index),
)
round_strategy = st.lists(st.lists(step_strategy, min_size=4, max_size=8), min_size=5, max_size=5)


class SerialCommandGenerator:
    """One product with six received units, and orders; a step concerns one of the last four orders."""

    def __init__(self, system: SystemUnderTest) -> None:
        self.system, self.scenario = system, SerialScenario(system)
        self.orders = [self.scenario.new_id("SO") for _ in range(ORDERS)]
        self.units = self.scenario.new_serials(UNITS)
        self.holds: list[str] = []

    async def set_up(self) -> None:
        """Store five units, keep one at the dock; place four orders of two."""
        await self.scenario.define_product()
        await self.scenario.receive(self.units)
        await self.scenario.put_away(self.units[:5])
        await self.system.publish(*(self.scenario.order_command(2, order=name) for name in self.orders))
        await self.system.wait_until_quiescent()

    async def messages_for(self, step: Sequence[object]) -> list[Message]:
        """Return the messages to send for a step in the current state."""
        kind, number = step[0], int(str(step[1]))
        if kind == "place":
            order = self.scenario.order_command(number, backorders=step[2])
            self.orders.append(order.order)
            return [order]
        if kind in ("count", "resolve"):
            return self.count_commands(str(kind), number)
        if kind in ("put_away", "hold", "release", "lost", "found"):
            return self.stock_commands(str(kind), self.units[number])
        order_id = self.orders[-ORDERS:][number]
        if kind == "cancel":
            return [OrderCancelled(order=order_id)]
        if kind in ("amend", "name"):
            return [self.amendment(order_id, (number, int(str(step[2]))), is_named=kind == "name")]
        return await self.picking_commands(str(kind), order_id, int(str(step[2])))

    def amendment(self, order_id: str, numbers: tuple[int, int], *, is_named: bool) -> Message:
        """Return a change of an order, or a further line that lists a unit, perhaps one of the other line."""
        first, number = numbers
        listed = self.units[first : first + number] if number > 1 else []
        line: JsonObject = (
            {"line": "20", "quantity": 1, "serials": [self.units[number]]}
            if is_named
            else {"line": "10", "quantity": number, "serials": listed}
        )
        return OrderAmended(order=order_id, lines=[OrderLine(sku=self.scenario.sku, **line)])

    def count_commands(self, kind: str, number: int) -> list[Message]:
        """Return a count of some units at an otherwise empty location, or a resolution of what it found."""
        fields: JsonObject = {"location": OTHER_SHELF, "reason": "counted"}
        if kind == "count":
            units = self.scenario.scanned_units(self.units[number:])
            return [CountSerials(**fields, count_id=self.scenario.new_id("CT"), units=units)]
        resolution = ("LOST", "FOUND", "MOVED")[number % 3]
        return [
            ResolveCountDiscrepancies.model_validate(
                {**fields, "sku": self.scenario.sku, "serials": self.units[number:], "resolution": resolution}
            )
        ]

    def stock_commands(self, kind: str, serial: str) -> list[Message]:
        """Return a command for the serials service."""
        fields: JsonObject = {"sku": self.scenario.sku, "serials": [serial]}
        if kind == "put_away":
            return [PutAwaySerials(**fields, location=SHELF)]
        if kind in ("lost", "found"):
            location_fields = {"location": SHELF} if kind == "found" else {}
            return [AdjustSerials(**fields, adjustment=kind.upper(), reason="counted", **location_fields)]
        if kind == "hold":
            self.holds.append(self.scenario.new_id("H"))
            return [PlaceSerialHold(**fields, hold_id=self.holds[-1], reason="suspected")]
        return (
            [ReleaseSerialHold(sku=self.scenario.sku, hold_id=self.holds.pop(0), reason="inspected")]
            if self.holds
            else []
        )

    async def picking_commands(self, kind: str, order_id: str, number: int) -> list[Message]:
        """Return a command on allocated or picked units, or on a unit the order does not have."""
        status = "PICKED" if kind in ("unpick", "ship") else "ALLOCATED"
        query = "SELECT order_id, serial FROM allocated_unit WHERE sku = $1 AND status = $2 ORDER BY order_id, serial"
        rows = await self.system.fetch_rows("fulfillment", query, self.scenario.sku, status)
        if rows:
            order_id = rows[number % len(rows)]["order_id"]
        serials = [row["serial"] for row in rows if row["order_id"] == order_id]
        chosen = UnitSelector(
            sku=self.scenario.sku, serial=serials[number % len(serials)] if serials else self.units[number]
        )
        if kind == "pick":
            return [PickItems(order=order_id, units=self.scenario.scanned_units(serials) or [chosen], location=STAGE)]
        if kind == "short_pick":
            return [ReportShortPick(order=order_id, units=[chosen], reason="not there")]
        if kind == "unpick":
            return [UnpickItems(order=order_id, units=[chosen], location=SHELF, reason="unpicked")]
        if kind == "swap":
            return [SwapUnit(order=order_id, unit=chosen, replacement=self.units[number], reason="scratched")]
        return self.shipping_commands(order_id, serials or [chosen.serial])

    def shipping_commands(self, order_id: str, serials: Sequence[str]) -> list[Message]:
        """Return commands that pack picked units and dispatch them."""
        carton, shipment = self.scenario.new_id("CT"), self.scenario.new_id("SH")
        return [
            PackItems(order=order_id, carton=carton, units=self.scenario.scanned_units(serials)),
            CreateShipment(shipment=shipment, orders=[order_id], cartons=[carton]),
            DispatchShipment(shipment=shipment, orders=[order_id]),
        ]


@given(rounds=round_strategy, random=st.randoms(use_true_random=False))
@settings(
    max_examples=5, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
async def test_random_commands_keep_the_invariants(
    system: SystemUnderTest, rounds: list[list[tuple[object, ...]]], random: Random
) -> None:
    """Random operations, duplicated and shuffled, keep the invariants (S04, S08, S22)."""
    generator = SerialCommandGenerator(system)
    await generator.set_up()
    for round_steps in rounds:
        messages = [message for step in round_steps for message in await generator.messages_for(step)]
        await deliver_shuffled(system, messages, random)
        await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [generator.scenario.sku])
    await invariants.assert_only_wanted_items_shipped(system, generator.scenario.sku)
