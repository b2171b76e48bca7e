"""Raw scans in commands: the text as the scanner sent it, in place of typed serial numbers, lots and quantities."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, Self

from pydantic import Field, PrivateAttr, StringConstraints

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, Message
from shared.contracts.problems import ProblemDetail

MAX_SCAN_LENGTH = 1024
"""Number of characters of a raw scan; 500 of them fit one message."""
RawScan = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SCAN_LENGTH)]
"""Text as the scanner sent it, with symbology identifier and separators."""
ScansOfSerials = Annotated[
    list[Annotated[str, StringConstraints(max_length=MAX_SCAN_LENGTH)]], Field(max_length=MAX_ITEMS_PER_MESSAGE)
]
"""Raw scan of each serial number of a message; empty for those that were typed."""
ScansOfLot = Annotated[str, StringConstraints(max_length=(MAX_SCAN_LENGTH + 1) * MAX_ITEMS_PER_MESSAGE)]
"""Raw scans of a lot, one a line."""


def scans_of_serials(scans: Iterable[str | None]) -> list[str] | None:
    """Return the raw scans of the serial numbers of a message; None if all of them were typed."""
    texts = [scan or "" for scan in scans]
    return texts if any(texts) else None


def join_scans(*scans: str | None) -> str | None:
    """Return the different raw scans of a lot, one a line; None if there are none."""
    return "\n".join(dict.fromkeys(line for scan in scans if scan for line in scan.strip("\r\n").split("\n"))) or None


class ReadScan(NamedTuple):
    """What a raw scan means, or why it means nothing."""

    text: str
    """The text as the scanner sent it."""
    sku: str | None = None
    serial: str | None = None
    """Serial number of a unit of a serial-tracked product."""
    lot: str | None = None
    """Lot number on the label, also on that of a serial-tracked unit."""
    quantity: Decimal | None = None
    """Quantity of a product without serial numbers; None if neither label nor barcode says it."""
    expiry: date | None = None
    manufactured_on: date | None = None
    best_before: date | None = None
    gtin: str | None = None
    """GTIN on the label beside serial number or lot."""
    sscc: str | None = None
    """SSCC of the carton or pallet that was scanned, or in place of whose items the carton was."""
    label_sku: str | None = None
    """Product that the label names, if it contradicts the product of the command."""
    problem: ProblemDetail | None = None
    """Why the scan does not count."""


class RawScans(Message):
    """A command that takes raw scans in place of the fields that name its items."""

    scans: Annotated[list[RawScan], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    """Texts as the scanner sent them; GS1 data name product, serial number, lot, dates and quantity at once.

    They replace the fields that name the items; `sku` may be omitted if the scans name their product.
    """

    _read_scans: tuple[ReadScan, ...] = PrivateAttr(())
    _typed_fields: frozenset[str] | None = PrivateAttr(None)

    @property
    def read_scans(self) -> tuple[ReadScan, ...]:
        """What the scans mean, in their order; empty until the service has read them."""
        return self._read_scans

    @property
    def sound_scans(self) -> list[ReadScan]:
        """The scans that count."""
        return [read for read in self._read_scans if read.problem is None]

    @property
    def inferred_from(self) -> str | None:
        """SSCC of the carton whose scan stands for that of the items; None if they were scanned."""
        return next((read.sscc for read in self._read_scans), None)

    @property
    def typed_fields(self) -> frozenset[str]:
        """The fields that the sender gave; the scans fill none of them."""
        return frozenset(self.model_fields_set) if self._typed_fields is None else self._typed_fields

    def set_read_scans(self, read: Sequence[ReadScan]) -> None:
        """Set what the scans mean."""
        self._read_scans = tuple(read)

    def fill(self, values: Mapping[str, Any]) -> Self:
        """Return the command with fields that its scans say; it still knows which ones the sender gave."""
        self._typed_fields = self.typed_fields
        return self.model_copy(update=values)


def require_scans_or_items(command: RawScans, items: str, *, is_given: bool) -> None:
    """Raise unless a command names its items either by raw scans or by other fields, and by these its product."""
    if bool(command.scans) == is_given:
        raise ValueError(f"either scans or {items} required")
    if not command.scans and getattr(command, "sku", None) == "":
        raise ValueError("sku required without scans")
