"""Announced cartons: what the parts of an ASN say about them, and their content for all parts."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from pydantic import TypeAdapter

from shared.contracts.asn_cartons import AsnCartonContent

PartCartonKey = tuple[str, int, str]
"""(receipt, part, SSCC)."""


class CartonItem(AsnCartonContent):
    """What a carton contains of a line, with the product of the line."""

    sku: str


ADAPTER: TypeAdapter[list[CartonItem]] = TypeAdapter(list[CartonItem])


class AnnouncedCarton(NamedTuple):
    """What a part of an ASN says about a carton."""

    receipt: str
    part: int
    sscc: str
    pallet: str | None
    """SSCC of the pallet on which it stands."""
    content: str
    """Its content as JSON."""

    @property
    def key(self) -> PartCartonKey:
        """(receipt, part, SSCC)."""
        return self.receipt, self.part, self.sscc

    @property
    def items(self) -> list[CartonItem]:
        """Its content."""
        return ADAPTER.validate_json(self.content)


class CartonContent(NamedTuple):
    """What a carton contains of a product, over all lines and parts."""

    sscc: str
    sku: str
    serials: Sequence[str]
    lots: Sequence[tuple[str, Decimal]]
    """Quantities by lot, without the units that are listed by serial number."""


def format_items(items: Iterable[CartonItem]) -> str:
    """Return the content of a carton as it is stored."""
    return ADAPTER.dump_json(list(items), exclude_defaults=True).decode()


def contents_of(cartons: Iterable[AnnouncedCarton]) -> list[CartonContent]:
    """Return the contents of cartons by SSCC and product; quantities of one lot are added up."""
    serials: dict[tuple[str, str], list[str]] = {}
    lots: dict[tuple[str, str], dict[str, Decimal]] = {}
    for carton in cartons:
        for item in carton.items:
            key = carton.sscc, item.sku
            serials.setdefault(key, []).extend(item.serials)
            of_lots = lots.setdefault(key, {})
            if unlisted := item.count - len(item.serials):
                of_lots[item.lot] = of_lots.get(item.lot, Decimal(0)) + unlisted
    return [
        CartonContent(sscc, sku, list(dict.fromkeys(serials[sscc, sku])), list(lots[sscc, sku].items()))
        for sscc, sku in sorted(serials)
    ]
