"""Whatever is asked in whatever order and however often it is delivered, what must hold holds at rest."""

from collections.abc import Sequence
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shared.contracts.commands.fulfillment import (
    CreateShipment,
    Dispatch,
    Exchange,
    Pack,
    Pick,
    ShortPick,
    Unit,
    Unpick,
)
from shared.contracts.commands.serials import Adjust, Hold, Lift, PutAway
from shared.contracts.envelope import Fact
from shared.contracts.upstream import OrderAmended, OrderCancelled, OrderLine
from tests.flows import invariants
from tests.flows.delivering import delivered
from tests.flows.shop import SHELF, STAGE, Shop
from tests.flows.world import Json, World

ORDERS, UNITS = 4, 6
order, unit = st.integers(0, ORDERS - 1), st.integers(0, UNITS - 1)
picking = st.sampled_from(["pick", "pick", "pick", "short_pick", "unpick", "exchange", "ship", "ship"])
acts = st.one_of(
    st.tuples(st.just("place"), st.integers(1, 3), st.sampled_from(["ALLOWED", "ALLOWED", "REFUSED", "SHIP_COMPLETE"])),
    st.tuples(st.sampled_from(["amend", "amend", "cancel"]), order, st.integers(1, 3)),
    st.tuples(picking, order, unit),
    st.tuples(picking, order, unit),
    st.tuples(st.sampled_from(["put_away", "put_away", "hold", "lift", "lost", "found"]), unit),
)
rounds = st.lists(st.lists(acts, min_size=4, max_size=8), min_size=5, max_size=5)


class Play:
    """One product with six received units, and orders of it; an act concerns one of the last four."""

    def __init__(self, world: World) -> None:
        self.world, self.shop = world, Shop(world)
        self.orders = [self.shop.no("SO") for _ in range(ORDERS)]
        self.units = self.shop.serials(UNITS)
        self.holds: list[str] = []

    async def begin(self) -> None:
        """Five units on the shelf, one at the dock; four orders of two."""
        await self.shop.product()
        await self.shop.received(self.units)
        await self.shop.put_away(self.units[:5])
        await self.world.say(*(self.shop.placed(2, order=name) for name in self.orders))
        await self.world.quiet()

    async def facts(self, act: Sequence[object]) -> list[Fact]:
        """What to send for an act, given what stands now."""
        kind, number = act[0], int(str(act[1]))
        if kind == "place":
            placed = self.shop.placed(number, backorders=act[2])
            self.orders.append(placed.order)
            return [placed]
        if kind in ("put_away", "hold", "lift", "lost", "found"):
            return self.of_stock(str(kind), self.units[number])
        name = self.orders[-ORDERS:][number]
        if kind == "cancel":
            return [OrderCancelled(order=name)]
        if kind == "amend":
            line = OrderLine(line="10", sku=self.shop.sku, quantity=int(str(act[2])))
            return [OrderAmended(order=name, lines=[line])]
        return await self.of_picking(str(kind), name, int(str(act[2])))

    def of_stock(self, kind: str, serial: str) -> list[Fact]:
        """A command to the registry."""
        head: Json = {"sku": self.shop.sku, "serials": [serial]}
        if kind == "put_away":
            return [PutAway(**head, location=SHELF)]
        if kind in ("lost", "found"):
            where = {"location": SHELF} if kind == "found" else {}
            return [Adjust(**head, adjustment=kind.upper(), reason="counted", **where)]
        if kind == "hold":
            self.holds.append(self.shop.no("H"))
            return [Hold(**head, hold=self.holds[-1], reason="suspected")]
        return [Lift(sku=self.shop.sku, hold=self.holds.pop(0), reason="fine")] if self.holds else []

    async def of_picking(self, kind: str, name: str, number: int) -> list[Fact]:
        """A command to fulfillment, on units that an order has in hand if any has, else on one it has not."""
        status = "PICKED" if kind in ("unpick", "ship") else "ALLOCATED"
        query = "SELECT order_id, serial FROM unit WHERE sku = $1 AND status = $2 ORDER BY order_id, serial"
        rows = await self.world.rows("fulfillment", query, self.shop.sku, status)
        if rows:
            name = rows[number % len(rows)]["order_id"]
        serials = [row["serial"] for row in rows if row["order_id"] == name]
        chosen = Unit(sku=self.shop.sku, serial=serials[number % len(serials)] if serials else self.units[number])
        if kind == "pick":
            return [Pick(order=name, units=self.shop.units(serials) or [chosen], location=STAGE)]
        if kind == "short_pick":
            return [ShortPick(order=name, units=[chosen], reason="not there")]
        if kind == "unpick":
            return [Unpick(order=name, units=[chosen], location=SHELF, reason="back")]
        if kind == "exchange":
            return [Exchange(order=name, unit=chosen, instead=self.units[number], reason="scratched")]
        return self.of_shipping(name, serials or [chosen.serial])

    def of_shipping(self, name: str, serials: Sequence[str]) -> list[Fact]:
        """Pack what is picked, and send it off."""
        carton, shipment = self.shop.no("CT"), self.shop.no("SH")
        return [
            Pack(order=name, carton=carton, units=self.shop.units(serials)),
            CreateShipment(shipment=shipment, orders=[name], cartons=[carton]),
            Dispatch(shipment=shipment, orders=[name]),
        ]


@given(played=rounds, random=st.randoms(use_true_random=False))
@settings(
    max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
async def test_whatever_is_asked_the_rules_hold(
    world: World, played: list[list[tuple[object, ...]]], random: Random
) -> None:
    """Random orders, picks, shipments and holds, delivered twice and shuffled, keep every rule (S04, S08, S22)."""
    play = Play(world)
    await play.begin()
    for acts_of_round in played:
        facts = [fact for act in acts_of_round for fact in await play.facts(act)]
        await delivered(world, facts, random)
        await world.quiet()
    await invariants.hold(world, [play.shop.sku])
