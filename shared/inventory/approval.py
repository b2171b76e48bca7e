"""Dispatch approvals of the owner of the stock: what may leave in spite of a hold that is placed later (S28)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from shared.contracts.fulfillment import DispatchCheckRequested
from shared.contracts.leaving_goods import LeavingGoods


class DispatchApproval(NamedTuple):
    """An approval to dispatch serial numbers or lots of a product with a shipment, until an instant."""

    sku: str
    order_id: str
    shipment: str
    customer: str
    valid_until: datetime
    numbers: Sequence[str]

    @classmethod
    def of(
        cls, check: DispatchCheckRequested, sku: str, numbers: Iterable[str], valid_until: datetime
    ) -> "DispatchApproval":
        """Build the approval of a product of a check."""
        return cls(sku, check.order, check.shipment, check.customer, valid_until, sorted(set(numbers)))


def find_leaving(
    approvals: Iterable[DispatchApproval], now: datetime, sku: str, held: Mapping[str, Mapping[str, Decimal]]
) -> Iterator[LeavingGoods]:
    """Find the approvals of held goods: quantities by order, then by serial number or lot."""
    found: dict[tuple[str, str], tuple[DispatchApproval, set[str]]] = {}
    for approval in approvals:
        numbers = set(approval.numbers) & held.get(approval.order_id, {}).keys()
        if approval.sku == sku and approval.valid_until > now and numbers:
            latest, known = found.get((approval.shipment, approval.order_id), (approval, set()))
            later = max(latest, approval, key=lambda entry: entry.valid_until)
            found[approval.shipment, approval.order_id] = later, known | numbers
    for (shipment, order), (approval, numbers) in sorted(found.items()):
        yield LeavingGoods(
            shipment=shipment, order=order, customer=approval.customer, valid_until=approval.valid_until,
            quantity=sum((held[order][number] for number in numbers), Decimal(0)), serials=sorted(numbers),
        )  # fmt: skip
