"""What lots says. Until counted stock is received, a demand for it is answered with a shortfall of the whole."""

from typing import Annotated

from pydantic import Field

from shared.contracts.envelope import Fact, Rejected
from shared.contracts.topics import LOTS
from shared.identifiers import DocumentId, LineId, Sku


class LotAllocated(Fact, type="lot.allocated.v1", topic=LOTS, key="sku"):
    """The answer to a demand for a counted product: what is still short, and whether more may come."""

    sku: Sku
    demand: DocumentId
    order: DocumentId
    line: LineId
    short: Annotated[float, Field(ge=0)]
    closed: bool = False


class LotRejected(Rejected, type="lot.rejected.v1", topic=LOTS, key="document"):
    """A message to lots that a rule refused, or a fact that did not fit."""
