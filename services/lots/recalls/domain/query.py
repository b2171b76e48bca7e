"""Query of a recall: its command with the parsed notice, and what it may match."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.lots.recalls.domain.notice import IdentifierRange, RecallNotice, parse_notice
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.reference import Tracking

MAX_LOOKUPS, COST_PER_PRODUCT = 1_000_000, 100
"""Maximum lookups over all serial-tracked products, and the cost of querying one product in lookups."""


class RecallQuery(NamedTuple):
    """A command with its parsed notice."""

    command: OpenRecall
    notice: RecallNotice

    @classmethod
    def from_command(cls, command: OpenRecall) -> "RecallQuery":
        """Parse the notice of a command, which takes milliseconds."""
        return cls(command, parse_notice(command.text))

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
        return has_unscoped or (not command.skus and bool(self.notice.search_terms or self.notice.ranges))

    def ranges_of(self, sku: str) -> dict[IdentifierRange, None]:
        """Return the ranges that apply to a product: those listed with it and those of the notice."""
        named_ranges = (IdentifierRange(entry.first, entry.last) for entry in self.command.ranges if entry.sku == sku)
        return dict.fromkeys([*named_ranges, *self.notice.ranges])

    @property
    def max_products(self) -> int:
        """Maximum number of serial-tracked products for the number of terms in this query."""
        command = self.command
        term_count = len(self.notice.search_terms) + len(self.notice.ranges) + len(command.lots) + len(command.serials)
        return MAX_LOOKUPS // (COST_PER_PRODUCT + term_count)


class RecallLookup(NamedTuple):
    """A query with the products and lots that it may match."""

    query: RecallQuery
    products: Mapping[str, Tracking]
    serial_skus: Sequence[str]
    known_lots: Sequence[tuple[str, str]]
    """SKU and number of the lots that match its terms, ranges and unscoped lots."""
