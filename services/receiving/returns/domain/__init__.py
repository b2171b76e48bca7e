"""Rules of customer returns."""

from services.receiving.returns.domain.dispositions import dispose_return
from services.receiving.returns.domain.records import (
    CustomerReturn,
    LotDisposition,
    ReturnLot,
    ReturnsUnitOfWork,
    ReturnUnit,
    ShippedLot,
)
from services.receiving.returns.domain.serial_returns import receive_return
from services.receiving.returns.domain.shipments import record_shipped_lots, record_shipped_units

__all__ = [
    "CustomerReturn",
    "LotDisposition",
    "ReturnLot",
    "ReturnUnit",
    "ReturnsUnitOfWork",
    "ShippedLot",
    "dispose_return",
    "receive_return",
    "record_shipped_lots",
    "record_shipped_units",
]
