"""A product that is tracked another way while recalls are open: who owns its stock from now on is asked as well (S46).

Only a product without stock or history is switched, so that there is nothing to find, and all to hold that comes. The
registry is asked about a new product of its own, too: a notice that names no products may mean it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.lots.recalls.domain.notice import read
from services.lots.recalls.domain.opening import Asked, Touched, said, touching
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import RecallOpened
from shared.contracts.reference import ProductChanged, Tracking


class Standing(NamedTuple):
    """An open recall as it was asked, and those of the products in question whose owner was asked about it."""

    wish: OpenRecall
    skus: Sequence[str]


def switched(
    before: Mapping[str, Tracking], events: Iterable[CloudEvent[ProductChanged]]
) -> dict[str, CloudEvent[ProductChanged]]:
    """Give those of the products whose owner changes, by sku; what was not told of is lots'."""
    return {
        event.data.sku: event
        for event in events
        if (event.data.tracking == "SERIAL") != (before.get(event.data.sku) == "SERIAL")
    }


def asked_again(
    standing: Iterable[Standing], changes: Mapping[str, CloudEvent[ProductChanged]]
) -> Iterator[RecallOpened]:
    """Ask the new owner what was asked, of each recall that concerns the product or did when it was opened."""
    for recall in standing:
        notice = read(recall.wish.text)  # once, which takes milliseconds
        for sku, event in changes.items():
            tracking = event.data.tracking
            again: CloudEvent[Any] = event.model_copy(update={"data": recall.wish})
            asked = Asked(again, notice)
            touched = touching(asked, {sku: tracking}, [sku] if tracking == "SERIAL" else [], ()).get(sku)
            if touched or sku in recall.skus:
                yield from said(asked.event, {sku: touched or Touched()}, {sku: tracking})
