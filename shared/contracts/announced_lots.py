"""Lots and dates of a line of an ASN."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel
from shared.contracts.label_dates import require_dates_in_order
from shared.identifiers import Day, LotNumber, Quantity, SerialNumber

AsnSerials = Annotated[list[SerialNumber], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


class AnnouncedLot(ContractModel):
    """The lot and dates of a quantity of an ASN line, or of the serial numbers that it lists.

    `quantity` defaults to the number of its serials. Without a lot number it announces dates of serial-tracked units.
    """

    lot: LotNumber = ""
    quantity: Quantity | None = None
    serials: AsnSerials = []
    expiry: Day | None = None
    manufactured_on: Day | None = None
    best_before: Day | None = None

    @model_validator(mode="after")
    def _validate_content(self) -> Self:
        if not (self.lot or self.expiry or self.manufactured_on or self.best_before):
            raise ValueError("lot or a date required")
        if self.quantity is None and not self.serials:
            raise ValueError("quantity or serials required")
        if self.quantity is not None and self.quantity < len(self.serials):
            raise ValueError(f"lists {len(self.serials)} serials for {self.quantity} units")
        require_dates_in_order(self.manufactured_on, self.expiry, self.best_before)
        return self

    @property
    def count(self) -> Decimal:
        """Its quantity, or the number of its serials."""
        return Decimal(len(self.serials)) if self.quantity is None else self.quantity


AnnouncedLots = Annotated[list[AnnouncedLot], Field(max_length=MAX_ITEMS_PER_MESSAGE)]


def add_serials_of_lots(line: ContractModel, serials: Sequence[str], lots: Sequence[AnnouncedLot]) -> None:
    """Add the serials of the lots of a line to its `serials`; each belongs to one lot."""
    in_lots = [serial for lot in lots for serial in lot.serials]
    listed = set(serials)
    if len(set(in_lots)) < len(in_lots):
        raise ValueError("a serial number is listed in two lots")
    if missing := [serial for serial in in_lots if serial not in listed]:
        object.__setattr__(line, "serials", [*serials, *missing])
        line.__pydantic_fields_set__.add("serials")
