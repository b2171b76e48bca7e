"""Lot numbers that were corrected after the receipt: known for later scans, and shown with the lots of receipts."""

from services.receiving.receipts.domain.known_lots import LotCorrection
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.lot_corrections import LotNumberCorrected
from shared.contracts.serials import SerialLotCorrected


def record_lot_correction(uow: ReceivingUnitOfWork, correction: LotNumberCorrected) -> None:
    """Remember where goods of a wrong lot number went; the right number is known, as if it had been received."""
    uow.known_lots.learn(correction.sku, correction.lot)
    row = LotCorrection(correction.sku, correction.from_lot, correction.lot)
    if row not in uow.lot_corrections:
        uow.lot_corrections.put(row)


def correct_unit_lots(uow: ReceivingUnitOfWork, correction: SerialLotCorrected) -> None:
    """Give units their right lot number, which later scans may have."""
    uow.known_lots.learn(correction.sku, correction.lot)
    for serial in correction.serials:
        if unit := uow.units.get((correction.sku, serial)):
            uow.units.put(unit._replace(version=unit.version + 1, lot=correction.lot))
