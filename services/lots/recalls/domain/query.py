"""Query of a recall: its command with the parsed notice, and what it may match."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.lots.recalls.domain.notices.periods import Period, PeriodKind
from services.lots.recalls.domain.notices.products import RecognisedProduct
from services.lots.recalls.domain.notices.ranges import IdentifierRange
from services.lots.recalls.domain.notices.reading import ParsedNotice, parse_notice
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.reference import Tracking
from shared.notices import squeeze

MAX_QUERY_BYTES, BYTES_PER_QUERY = 20_000_000, 500
"""Size of all queries to the serials service, and that of a query without criteria."""


class RecallQuery(NamedTuple):
    """A command with its parsed notice."""

    command: OpenRecall
    notice: ParsedNotice

    @classmethod
    def from_command(cls, command: OpenRecall) -> "RecallQuery":
        """Parse the notice of a command, which takes milliseconds."""
        return cls(command, parse_notice(command.text, command.date_order))

    def limited_to(self, skus: Sequence[str]) -> "RecallQuery":
        """Limit the notice to more products."""
        all_skus = list(dict.fromkeys([*self.command.skus, *skus]))
        return self._replace(command=self.command.model_copy(update={"skus": all_skus}))

    @property
    def named_skus(self) -> set[str]:
        """Products listed in the command."""
        command = self.command
        lots = {entry.sku for entry in command.lots if entry.sku}
        return {
            *command.skus,
            *lots,
            *(entry.sku for entry in command.serials if entry.sku),
            *(entry.sku for entry in command.ranges),
        }

    @property
    def is_unrestricted(self) -> bool:
        """Whether any product may match."""
        command = self.command
        has_unscoped = any(entry.sku is None for entry in command.lots) or any(
            entry.sku is None for entry in command.serials
        )
        return has_unscoped or (not command.skus and bool(self.notice.notice.spans))

    @property
    def periods(self) -> list[tuple[PeriodKind, Period]]:
        """The periods of the notice that apply: without products, a notice cannot recall by date."""
        return self.notice.criteria if self.command.skus else []

    def ranges_of(self, sku: str) -> dict[IdentifierRange, None]:
        """Return the ranges that apply to a product: those listed with it and those of the notice."""
        named_ranges = (
            IdentifierRange(squeeze(entry.first), squeeze(entry.last))
            for entry in self.command.ranges
            if entry.sku == sku
        )
        return dict.fromkeys([*named_ranges, *self.notice.ranges.ranges])

    @property
    def max_products(self) -> int:
        """Maximum number of serial-tracked products for the size of this query."""
        command = self.command
        criteria = len(self.notice.ranges.ranges) + len(command.lots) + len(command.serials)
        return MAX_QUERY_BYTES // (BYTES_PER_QUERY + len(command.text) + 50 * criteria)


class KnownLot(NamedTuple):
    """An existing lot that a query matches, and whether it is of a product that the query is limited to."""

    sku: str
    lot: str
    is_within_limits: bool = True


class RecallLookup(NamedTuple):
    """A query with the products and lots that it may match."""

    query: RecallQuery
    products: Mapping[str, Tracking]
    serial_skus: Sequence[str]
    known_lots: Sequence[KnownLot]
    """Lots that match its numbers, ranges, periods and listed lots."""
    recognised: Sequence[RecognisedProduct] = ()
    """Products that its notice names."""
