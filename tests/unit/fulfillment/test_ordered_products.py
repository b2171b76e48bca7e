"""Products that are ordered for the first time: receiving learns of it once (S03)."""

from shared.contracts.envelope import Message
from shared.contracts.problems import Code
from shared.contracts.reference import ProductOrdered
from shared.contracts.upstream import OrderAmended, OrderCancelled
from tests.unit.fulfillment.in_memory import SERIAL, InMemoryFulfillment
from tests.unit.fulfillment.order_builders import order_line, order_placed


def first_orders(events: list[Message]) -> list[tuple[str, int | None]]:
    """Product and version of the published first orders."""
    return [(event.sku, event.ordered_version) for event in events if isinstance(event, ProductOrdered)]


def test_only_the_first_accepted_order_of_a_product_is_published() -> None:
    """Orders and amendments publish products once, with the version they knew; rejected ones publish nothing (S03)."""
    fulfillment = InMemoryFulfillment(())
    fulfillment.products["A"] = SERIAL._replace(version=3)
    assert fulfillment.rejection_codes(order_placed(order_line("1", quantity="1.5"))) == [Code.QUANTITY_PRECISION]
    assert first_orders(fulfillment.uow.emitted) == []
    placed = fulfillment.handle(order_placed(order_line("1"), order_line("2"), order_line("3", "UNDEFINED")))
    assert first_orders(placed) == [("A", 3), ("UNDEFINED", None)]
    assert first_orders(fulfillment.handle(order_placed(order_id="SO-2"))) == []
    too_much = OrderAmended(order="SO-1", lines=[order_line("4", "B"), order_line("5", quantity="1.5")])
    assert fulfillment.rejection_codes(too_much) == [Code.QUANTITY_PRECISION]
    assert first_orders(fulfillment.uow.emitted) == []
    amended = fulfillment.handle(OrderAmended(order="SO-1", lines=[order_line("4", "B")]))
    assert first_orders(amended) == [("B", None)]


def test_a_change_that_waits_for_its_order_orders_its_products_when_it_is_applied() -> None:
    """A kept amendment publishes its products with its order, and not at all after a cancellation (S03)."""
    fulfillment = InMemoryFulfillment()
    for order_id in ("SO-1", "SO-2"):
        if order_id == "SO-2":
            fulfillment.handle(OrderCancelled(order=order_id))
        waiting = fulfillment.handle(OrderAmended(order=order_id, lines=[order_line("2", f"P-{order_id}")]))
        assert first_orders(waiting) == []
    assert first_orders(fulfillment.handle(order_placed(order_id="SO-1"))) == [("P-SO-1", None)]
    assert first_orders(fulfillment.handle(order_placed(order_id="SO-2"))) == []
