"""Repetition of open recalls for products whose tracking changes (S46).

Only products without stock or history change their tracking. So nothing has to be found, but later receipts have to be
held. The serials service is also queried for new serial-tracked products, as a notice without products may match them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.lots.recalls.domain.notice import parse_notice
from services.lots.recalls.domain.open import RecallMatch, match_products, recall_opened_events
from services.lots.recalls.domain.query import RecallQuery
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.envelope import CloudEvent
from shared.contracts.recalls import RecallOpened
from shared.contracts.reference import ProductChanged, Tracking


class OpenRecallRequest(NamedTuple):
    """The request of an open recall, and which of the changed products it includes."""

    command: OpenRecall
    skus: Sequence[str]


def find_owner_changes(
    previous_tracking: Mapping[str, Tracking], events: Iterable[CloudEvent[ProductChanged]]
) -> dict[str, CloudEvent[ProductChanged]]:
    """Return the events that change the service that owns the product, by SKU; unknown products belong to lots."""
    return {
        event.data.sku: event
        for event in events
        if (event.data.tracking == "SERIAL") != (previous_tracking.get(event.data.sku) == "SERIAL")
    }


def requery_new_owner(
    open_requests: Iterable[OpenRecallRequest], changes: Mapping[str, CloudEvent[ProductChanged]]
) -> Iterator[RecallOpened]:
    """Repeat each open recall that matches a changed product, or included it when it was opened."""
    for open_request in open_requests:
        notice = parse_notice(open_request.command.text)  # parsed once, as it takes milliseconds
        for sku, event in changes.items():
            tracking = event.data.tracking
            reissued: CloudEvent[Any] = event.model_copy(update={"data": open_request.command})
            query = RecallQuery(reissued, notice)
            match = match_products(query, {sku: tracking}, [sku] if tracking == "SERIAL" else [], ()).get(sku)
            if match or sku in open_request.skus:
                yield from recall_opened_events(query.event, {sku: match or RecallMatch()}, {sku: tracking})
