"""Words and signs of codes: statuses, changes, verdicts, kinds of discrepancies, roles."""

from typing import Literal, NamedTuple

Tone = Literal["", "announced", "good", "warn", "gone", "bad"]


class Term(NamedTuple):
    """How a code is shown: its sign, its word and its colour."""

    sign: str
    word: str
    tone: Tone = ""


UNIT_STATUSES = {
    "EXPECTED": Term("○", "Expected", "announced"),
    "RECEIVED": Term("◐", "Received", "announced"),
    "IN_INVENTORY": Term("●", "In inventory", "good"),
    "ALLOCATED": Term("◧", "Allocated", "warn"),
    "PICKED": Term("▣", "Picked", "warn"),
    "SHIPPED": Term("➤", "Shipped", "gone"),
}
RECEIPT_STATUSES = {
    "PLANNED": Term("○", "Due", "announced"),
    "IN_PROGRESS": Term("◐", "Arrived", "warn"),
    "CLOSED": Term("●", "Closed", "good"),
    "CANCELLED": Term("✕", "Cancelled", "bad"),
}
RECEIPT_KINDS = {
    "ASN": Term("", "Announced delivery"),
    "BLIND": Term("", "Blind receipt"),
    "OPENING": Term("", "Opening stock"),
}
SHIPMENT_STATUSES = {
    "CREATED": Term("▣", "Ready to go", "warn"),
    "DISPATCHED": Term("➤", "Gone", "gone"),
    "CANCELLED": Term("✕", "Cancelled", "bad"),
}
ADJUSTMENTS = {
    "SCRAPPED": Term("✕", "Scrapped", "bad"),
    "LOST": Term("?", "Lost", "bad"),
    "FOUND": Term("●", "Found", "good"),
    "VOID": Term("✕", "Void", "bad"),
    "RETURNED_TO_VENDOR": Term("↩", "Returned to vendor", "gone"),
    "RETURNED_FROM_VENDOR": Term("↪", "Returned from vendor", "announced"),
}
CHANGES = {
    "EXPECTED": "Announced",
    "EXPECTATION_CANCELLED": "Announcement cancelled",
    "RECEIVED": "Received",
    "PUT_AWAY": "Put away",
    "ALLOCATED": "Allocated to an order",
    "DEALLOCATED": "Released from the order",
    "DEMAND_CANCELLED": "Order cancelled, released",
    "PICKED": "Picked",
    "UNPICKED": "Put back into stock",
    "DISPATCHED": "Shipped",
    "RETURNED": "Returned by the customer",
    "SALE_REGISTERED": "Earlier sale registered",
    "MOVED": "Moved",
    "HOLD_PLACED": "Put on hold",
    "HOLD_RELEASED": "Hold released",
    "SCRAPPED": "Scrapped",
    "LOST": "Reported lost",
    "FOUND": "Found again",
    "VOID": "Voided",
    "RETURNED_TO_VENDOR": "Returned to the vendor",
    "RETURNED_FROM_VENDOR": "Back from the vendor",
    "EXPIRY_CORRECTED": "Expiry date corrected",
    "LOT_CORRECTED": "Lot number corrected",
}
SCAN_VERDICTS = {
    "ACCEPTED": "Accepted",
    "DUPLICATE_IN_RECEIPT": "Already scanned",
    "INVALID": "Not readable",
    "NOT_A_SERIAL": "Not a serial number",
    "SERIAL_FORMAT_MISMATCH": "Not a serial of this product",
    "NOT_A_LOT": "Not a lot number",
    "OVER": "More than announced · set aside",
    "SHORT": "Missing",
    "UNEXPECTED": "Not announced · set aside",
    "DUPLICATE_SERIAL": "Serial exists already · set aside",
    "CASE_MISMATCH": "Other capitals than announced · set aside",
    "LOT_CASE_MISMATCH": "Other spelling of a known lot · set aside",
    "EXPECTED_ON_OTHER_RECEIPT": "Belongs to another receipt · set aside",
    "WRONG_PRODUCT": "Announced for another product · set aside",
    "NOT_AS_ANNOUNCED": "Lot or date not as announced · set aside",
    "EXPIRED": "Expired · refused",
    "INSUFFICIENT_SHELF_LIFE": "Expires too soon · refused",
    "EXPIRY_REQUIRED": "Expiry date missing",
    "LOT_REQUIRED": "Lot number missing",
    "NOT_LOT_TRACKED": "This product has no lots",
    "DUPLICATE_IN_REQUEST": "Lot listed twice",
    "QUANTITY_REQUIRED": "Quantity missing",
    "LOT_DATES_MISMATCH": "Dates differ from earlier scans",
    "TOO_MANY_UNITS": "Too many at once",
    "QUANTITY_PRECISION": "Too many decimals",
    "MANUFACTURED_IN_FUTURE": "Made in the future",
}
DISCREPANCIES = {
    "OVER": Term("!", "More than announced", "warn"),
    "SHORT": Term("!", "Missing", "warn"),
    "UNEXPECTED": Term("!", "Not announced", "warn"),
    "DUPLICATE_SERIAL": Term("✕", "Serial exists already", "bad"),
    "CASE_MISMATCH": Term("!", "Other capitals than announced", "warn"),
    "LOT_CASE_MISMATCH": Term("!", "Other spelling of a known lot", "warn"),
    "EXPECTED_ON_OTHER_RECEIPT": Term("!", "Belongs to another receipt", "warn"),
    "WRONG_PRODUCT": Term("✕", "Announced for another product", "bad"),
    "NOT_AS_ANNOUNCED": Term("!", "Lot or date not as announced", "warn"),
    "EXPIRED": Term("✕", "Expired", "bad"),
    "INSUFFICIENT_SHELF_LIFE": Term("✕", "Expires too soon", "bad"),
    "EXPIRY_REQUIRED": Term("✕", "Expiry date missing", "bad"),
}
RESOLUTIONS = {
    "ACCEPT": "Accept as scanned",
    "RETURN_TO_VENDOR": "Return to vendor",
    "MATCH": "Take the announced one instead",
    "VOID": "Scanned by mistake",
    "REJECT": "Refused on arrival",
}
DISPOSITIONS = {
    "RESTOCK": Term("●", "Back into stock", "good"),
    "SCRAP": Term("✕", "Scrap", "bad"),
    "RETURN_TO_VENDOR": Term("↩", "Return to vendor", "gone"),
}
ROLES = {
    "viewer": "Viewer", "operator": "Operator", "supervisor": "Supervisor", "admin": "Administrator",
}  # fmt: skip
SERVICE_NAMES = {
    "receiving": "Receiving", "serials": "Serial numbers", "lots": "Lots", "fulfillment": "Orders and shipping",
}  # fmt: skip
