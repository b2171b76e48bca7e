"""Cartons and pallets of an ASN, by SSCC, with what they contain."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from shared.contracts.announced_lots import AsnSerials
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel
from shared.identifiers import LineId, LotNumber, Quantity

Sscc = Annotated[str, Field(pattern=r"^[0-9]{18}$")]


class AsnCartonContent(ContractModel):
    """What a carton contains of a line: units by serial number, or a quantity, of one lot if it names a lot.

    `quantity` defaults to the number of serials. The line announces the dates of the lot, and the lots of serials.
    """

    line: LineId
    serials: AsnSerials = []
    lot: LotNumber = ""
    quantity: Quantity | None = None

    @model_validator(mode="after")
    def _validate_content(self) -> Self:
        if self.quantity is None and not self.serials:
            raise ValueError("quantity or serials required")
        return self

    @property
    def count(self) -> Decimal:
        """Its quantity, or the number of its serials."""
        return Decimal(len(self.serials)) if self.quantity is None else self.quantity


class AsnCarton(ContractModel):
    """A carton of an ASN, by its SSCC, and the pallet on which it stands.

    A pallet needs no entry of its own; it may have one with content that is in none of its cartons.
    """

    sscc: Sscc
    """SSCC of the carton: 18 digits, the last one a check digit."""
    pallet: Sscc | None = None
    content: Annotated[list[AsnCartonContent], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    """What it contains; empty if unknown."""


AsnCartons = Annotated[list[AsnCarton], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


def add_serials_of_cartons(lines: Sequence[Any], cartons: Iterable[AsnCarton]) -> None:
    """Add the serials in cartons to the line that contains them, so that senders need not repeat them."""
    listed: dict[str, set[str]] = {}
    for line in lines:
        listed.setdefault(line.line, set()).update(line.serials)
    first = {line.line: line for line in reversed(lines)}
    missing: dict[str, list[str]] = {}
    for carton in cartons:
        for item in carton.content:
            known = listed.get(item.line, set())
            missing.setdefault(item.line, []).extend(serial for serial in item.serials if serial not in known)
    for number, serials in missing.items():
        if serials and (line := first.get(number)):
            object.__setattr__(line, "serials", [*line.serials, *dict.fromkeys(serials)])
            line.__pydantic_fields_set__.add("serials")
