"""Demands for counted products."""

from decimal import Decimal
from typing import Any

import pytest

from services.lots.allocation.domain import opened
from shared.contracts.fulfillment import AllocationRequested
from tests.unit.serials.making import told, want


def ask(demand: str, quantity: Any = 5, **more: Any) -> AllocationRequested:
    """A demand for a counted product."""
    return want(demand, quantity, **({"tracking": "LOT"} | more))


@pytest.mark.parametrize(("shortfall", "status"), [("WAIT", "OPEN"), ("WHOLE", "OPEN"), ("DROP", "CLOSED")])
def test_all_of_it_is_short(shortfall: str, status: str) -> None:
    """A demand is answered with a shortfall of the whole, and closed only if it does not wait."""
    [demand] = opened((), [told(ask("D1", quantity=2.5, shortfall=shortfall))])
    assert (demand.status, demand.answer.short, demand.answer.closed) == (status, Decimal("2.5"), status == "CLOSED")
    assert (demand.answer.order, demand.answer.line, demand.answer.demand) == ("SO-D1", "1", "D1")


def test_a_demand_is_opened_once() -> None:
    """What is known, withdrawn before it was asked for or asked for twice, is not opened again."""
    events = [told(ask(demand)) for demand in ("D1", "D2", "D2", "D3")]
    assert [it.asked.demand for it in opened({"D1"}, events)] == ["D2", "D3"]
