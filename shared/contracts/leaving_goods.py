"""Held goods that a hold cannot stop, in events and answers."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel
from shared.identifiers import DocumentId, QuantityTotal, SerialNumber


class LeavingGoods(ContractModel):
    """Held goods whose dispatch was approved before the hold: they may leave until `valid_until`, or have just left.

    Stop the shipment in the warehouse, or call the customer.
    """

    shipment: DocumentId
    order: DocumentId
    customer: DocumentId
    valid_until: datetime
    quantity: QuantityTotal
    serials: Annotated[list[SerialNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []


LeavingList = Annotated[list[LeavingGoods], Field(max_length=MAX_ITEMS_PER_MESSAGE)]
