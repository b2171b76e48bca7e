"""Lots and serial numbers that a recall lists."""

from typing import Self

from pydantic import model_validator

from shared.contracts.envelope import ContractModel
from shared.identifiers import LotNumber, SerialNumber, Sku


class RecalledLot(ContractModel):
    """A lot to recall; without a SKU, the lot of any product."""

    sku: Sku | None = None
    lot: LotNumber

    @model_validator(mode="after")
    def _sku_or_lot_required(self) -> Self:
        if not self.lot and self.sku is None:
            raise ValueError("sku required for stock without lot number")
        return self


class RecalledSerial(ContractModel):
    """A serial number to recall; without a SKU, of any product."""

    sku: Sku | None = None
    serial: SerialNumber


class SerialRange(ContractModel):
    """All serial or lot numbers of equal length from `first` to `last`, in sort order, ignoring case."""

    sku: Sku
    first: SerialNumber
    last: SerialNumber

    @model_validator(mode="after")
    def _ends_in_order(self) -> Self:
        if len(self.first) != len(self.last) or self.first.lower() > self.last.lower():
            raise ValueError("first and last must have equal length, first before last; use one range per length")
        return self
