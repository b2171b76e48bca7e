"""Attributes of products: barcodes, shelf-life rules and warranty."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel
from shared.identifiers import DocumentId, Integer, ShortText


class Barcode(ContractModel):
    """A barcode of the product and the number of units that one scan represents."""

    code: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
    quantity: Annotated[Integer, Field(ge=1, le=100_000)] = 1


class DefinedBarcode(Barcode):
    """A barcode in the definition of a product."""

    type: Literal["GTIN", "OTHER"] = "OTHER"
    """GTIN: its check digit is checked, and a wrong one is rejected while the product is taken."""


DayCount = Annotated[Integer, Field(ge=0, le=3650)]


class CustomerShelfLife(ContractModel):
    """Minimum remaining shelf life that a customer requires on the day of dispatch."""

    customer: DocumentId
    min_remaining_shelf_life_days: DayCount


ExpiryBasis = Literal["EXPIRY", "BEST_BEFORE"]
"""The date on labels that guards stock: its expiry date, or its best-before date as if it were one."""
ExpirySource = Literal["BEST_BEFORE", "SHELF_LIFE_DAYS"]
"""Where an expiry date is from that is not on the label: the best-before date, or the shelf life since manufacture."""


class ShelfLifePolicy(ContractModel):
    """Shelf-life rules of a product, in days before its expiry date.

    With `expiry_basis` BEST_BEFORE, the best-before date on the label is the expiry date, unless an earlier one is
    given. Stock that arrives with its manufacturing date alone expires `shelf_life_days` after it. `expiry_required`
    defaults to true for lot-tracked products. Stock received with less than `min_remaining_shelf_life_at_receipt` is
    rejected or held. Stock is no longer allocated from `stop_allocation_days` before expiry. An alert is published at
    each of the `expiry_alert_days`.
    """

    expiry_required: bool | None = None
    min_remaining_shelf_life_at_receipt: DayCount = 0
    short_shelf_life_policy: Literal["REJECT", "HOLD"] = "REJECT"
    stop_allocation_days: DayCount = 0
    expiry_alert_days: Annotated[list[DayCount], Field(max_length=10)] = [90, 60, 30, 7]
    customers: Annotated[list[CustomerShelfLife], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    expiry_basis: ExpiryBasis = "EXPIRY"
    shelf_life_days: DayCount | None = None

    def min_remaining_shelf_life(self, customer: str, requested: int = 0) -> int:
        """The higher of the customer's agreed and the order's requested minimum remaining shelf life, in days."""
        return max(
            [requested, *(rule.min_remaining_shelf_life_days for rule in self.customers if rule.customer == customer)]
        )


class ShelfLifePatch(ContractModel):
    """Changes of the shelf-life rules of a product, as a JSON merge patch (RFC 7396)."""

    expiry_required: bool | None = None
    min_remaining_shelf_life_at_receipt: DayCount | None = None
    short_shelf_life_policy: Literal["REJECT", "HOLD"] | None = None
    stop_allocation_days: DayCount | None = None
    expiry_alert_days: Annotated[list[DayCount], Field(max_length=10)] | None = None
    customers: Annotated[list[CustomerShelfLife], Field(max_length=MAX_ITEMS_PER_MESSAGE)] | None = None
    expiry_basis: ExpiryBasis | None = None
    shelf_life_days: DayCount | None = None


WarrantyMonths = Annotated[Integer, Field(ge=1, le=1200)]
WarrantyStart = Literal["DISPATCH", "LABEL_DATE"]


class Warranty(ContractModel):
    """Warranty of the units of a serial-tracked product.

    It starts on the day of dispatch in the shipping warehouse, or with LABEL_DATE on the manufacturing date of the
    label; on the day of dispatch if the label has none. It ends after `months` months, through the same day of the
    month, or the last day of a shorter month. The term is fixed at dispatch; a later change does not affect it.
    """

    months: WarrantyMonths
    starts_at: WarrantyStart = "DISPATCH"


class WarrantyPatch(ContractModel):
    """Changes of the warranty of a product, as a JSON merge patch (RFC 7396); a new warranty needs `months`."""

    months: WarrantyMonths | None = None
    starts_at: WarrantyStart | None = None


Unit = Annotated[ShortText, Field(min_length=1, max_length=16)]
Barcodes = Annotated[list[DefinedBarcode], Field(max_length=100)]
