"""Business rules of picking, free of I/O."""

from services.fulfillment.picking.domain.corrected_lots import correct_lot_number
from services.fulfillment.picking.domain.holds import apply_hold, correct_expiry
from services.fulfillment.picking.domain.missing_stock import remove_missing_stock, remove_missing_units
from services.fulfillment.picking.domain.pick import pick_items
from services.fulfillment.picking.domain.revoked_allocations import release_revoked
from services.fulfillment.picking.domain.short_pick import report_short_pick, unpick_items
from services.fulfillment.picking.domain.swap import SwapAccepted, swap_lot, swap_unit

__all__ = [
    "SwapAccepted",
    "apply_hold",
    "correct_expiry",
    "correct_lot_number",
    "pick_items",
    "release_revoked",
    "remove_missing_stock",
    "remove_missing_units",
    "report_short_pick",
    "swap_lot",
    "swap_unit",
    "unpick_items",
]
