"""Problem types (RFC 9457): HTTP status, title and help text of each code."""

from typing import NamedTuple

from shared.contracts.problems.codes import Code


class ProblemType(NamedTuple):
    """Properties shared by all occurrences of a problem."""

    status: int
    title: str
    help: str


PROBLEM_TYPES: dict[Code, ProblemType] = {
    Code.VALIDATION_ERROR: ProblemType(
        400, "Request does not match its schema", "Correct the fields listed in `errors` and send it again."
    ),
    Code.PAYLOAD_TOO_LARGE: ProblemType(
        413, "Payload exceeds 1 MiB", "Split it into requests of at most 500 items each."
    ),
    Code.UNSUPPORTED_MEDIA_TYPE: ProblemType(
        415, "Body is not JSON in UTF-8", "Send the body as application/json in UTF-8, without compression."
    ),
    Code.HEADERS_TOO_LARGE: ProblemType(
        431, "Request line and headers too large", "Send shorter parameters and only the headers that are needed."
    ),
    Code.NOT_FOUND: ProblemType(404, "Not found", "Check the identifier. Identifiers are case-sensitive."),
    Code.NOT_YET_AVAILABLE: ProblemType(
        409,
        "Not available yet",
        "A message about it may still be in flight. Retry after the interval in Retry-After, with the same key; "
        "on Kafka send it again under a new id. If it does not exist, a later answer over HTTP says so.",
    ),
    Code.KEY_REUSED: ProblemType(
        422, "Idempotency-Key reused with a different request body", "Use a new key for each command."
    ),
    Code.MESSAGE_ID_REUSED: ProblemType(
        409,
        "Message id reused with other content",
        "Give each message an id of its own; a corrected message needs a new id, also after a rejection.",
    ),
    Code.KEY_MISSING: ProblemType(
        400, "Idempotency-Key header required", "Send an Idempotency-Key header with a new key for each command."
    ),
    Code.ACTOR_MISSING: ProblemType(
        400, "X-Actor header required", "Send an X-Actor header that names the user or device."
    ),
    Code.SERVICE_UNAVAILABLE: ProblemType(
        503, "Service temporarily unavailable", "Retry with the same Idempotency-Key."
    ),
    Code.OVERLOADED: ProblemType(
        503,
        "Too many concurrent requests",
        "Nothing was processed. Retry with the same Idempotency-Key after the interval in Retry-After.",
    ),
    Code.REQUEST_TIMEOUT: ProblemType(
        408, "Request body not received in time", "Nothing was processed. Retry with the same Idempotency-Key."
    ),
    Code.METHOD_NOT_ALLOWED: ProblemType(405, "Method not allowed", "See /docs for the supported methods."),
    Code.INTERNAL_ERROR: ProblemType(
        500, "Internal server error", "No change was made. Retry; report it if it happens again."
    ),
    Code.CONFLICTING_TRACKING: ProblemType(
        422, "Product cannot be tracked by both serial and lot", "Choose serial tracking or lot tracking."
    ),
    Code.PRODUCT_IN_USE: ProblemType(
        409,
        "Product has stock or history",
        "Keep its tracking, unit and number of decimals; more decimals are allowed. Otherwise define a new product.",
    ),
    Code.INCOMPLETE_DEFINITION: ProblemType(
        422, "Definition lacks a required field", "Send the field; it has no default value."
    ),
    Code.BARCODE_TAKEN: ProblemType(
        409, "Barcode belongs to another product", "Remove the barcode from the other product first."
    ),
    Code.UNKNOWN_TIME_ZONE: ProblemType(
        422, "Unknown time zone", "Use an IANA time zone name, for example Europe/Berlin."
    ),
    Code.PRODUCT_NOT_FOUND: ProblemType(404, "Product not found", "Define the product first or check the SKU."),
    Code.RECEIPT_NOT_FOUND: ProblemType(404, "Receipt not found", "Send its ASN or open a blind receipt first."),
    Code.LOCATION_NOT_FOUND: ProblemType(404, "Location not found", "Define the location first or check its label."),
    Code.WAREHOUSE_NOT_FOUND: ProblemType(404, "Warehouse not found", "Define the warehouse first."),
    Code.SESSION_NOT_FOUND: ProblemType(
        404, "Session not found on this receipt", "Scan an item first; the first scan opens the session."
    ),
    Code.ORDER_NOT_FOUND: ProblemType(404, "Order not found", "Check the order number, or place the order first."),
    Code.CARTON_NOT_FOUND: ProblemType(404, "Carton not found", "Pack an item into it first."),
    Code.SHIPMENT_NOT_FOUND: ProblemType(404, "Shipment not found", "Create the shipment first."),
    Code.HOLD_NOT_FOUND: ProblemType(404, "Open hold not found", "List the holds of the unit or lot to find its id."),
    Code.DISCREPANCY_NOT_FOUND: ProblemType(
        404, "Discrepancy not found on this receipt", "List the discrepancies of the receipt."
    ),
    Code.RETURN_NOT_FOUND: ProblemType(404, "Return not found", "Receive the return first."),
    Code.NOT_SERIAL_TRACKED: ProblemType(422, "Product is not serial-tracked", "Receive it by quantity."),
    Code.TOO_MANY_SERIALS: ProblemType(
        422, "More serial numbers than units on the line", "List at most one serial number per unit."
    ),
    Code.TOO_MANY_UNITS: ProblemType(
        422, "More units than a line can hold", "Put the remaining units on another line."
    ),
    Code.DUPLICATE_SERIAL_IN_REQUEST: ProblemType(
        422, "Duplicate serial number in the request", "Each unit has its own serial number."
    ),
    Code.DUPLICATE_SERIAL: ProblemType(
        409,
        "Serial number already registered",
        "Serial numbers are unique forever. A supervisor resolves the discrepancy.",
    ),
    Code.SERIAL_EXPECTED_ON_OTHER_RECEIPT: ProblemType(
        409, "Serial number expected on another receipt", "Receive it there, or ask a supervisor to accept it here."
    ),
    Code.SERIAL_CASE_MISMATCH: ProblemType(
        409,
        "Serial number differs from an expected one only in case",
        "Scan the label instead of typing it, or match it to the expected serial number.",
    ),
    Code.SERIAL_UNEXPECTED: ProblemType(
        409, "Serial number not expected on this receipt", "Put the unit aside. A supervisor resolves the discrepancy."
    ),
    Code.INVALID_SERIAL: ProblemType(
        422, "Invalid serial number", "Use 1–64 printable ASCII characters without leading or trailing spaces."
    ),
    Code.SERIAL_NOT_SCANNED: ProblemType(
        409, "Serial number not scanned in this session", "Check the scans of the session."
    ),
    Code.INVALID_LOT: ProblemType(
        422, "Invalid lot number", "Use 1–64 printable ASCII characters without leading or trailing spaces."
    ),
    Code.LOT_REQUIRED: ProblemType(422, "Lot number required", "Scan or enter the lot number on the label."),
    Code.DUPLICATE_LOT_IN_REQUEST: ProblemType(
        422, "Duplicate lot number in the request", "List each lot once with its total quantity."
    ),
    Code.LOT_NOT_SCANNED: ProblemType(409, "Lot not scanned in this session", "Check the scans of the session."),
    Code.QUANTITY_REQUIRED: ProblemType(
        422, "Quantity required", "Enter a quantity or scan a barcode that encodes one."
    ),
    Code.LOCATION_REQUIRED: ProblemType(
        422, "Location required", "Name the location: the lot is allocated to the order at several."
    ),
    Code.LOT_DATES_MISMATCH: ProblemType(
        409,
        "Lot dates do not match this receipt",
        "Check the label. If the dates are right, receive the lot on a separate receipt.",
    ),
    Code.EXPIRY_REQUIRED: ProblemType(422, "Expiry date required", "Enter the expiry date on the label."),
    Code.INSUFFICIENT_SHELF_LIFE_AT_RECEIPT: ProblemType(
        409,
        "Remaining shelf life below the receiving minimum",
        "Return the stock to the vendor or change the product's shelf-life policy.",
    ),
    Code.WRONG_PRODUCT: ProblemType(
        409, "Serial number or barcode belongs to another product", "Check the product on the label."
    ),
    Code.WRONG_WAREHOUSE: ProblemType(
        422, "Location belongs to another warehouse", "Choose a location of the document's warehouse."
    ),
    Code.LOCATION_INACTIVE: ProblemType(409, "Location is deactivated", "Choose another location, or activate it."),
    Code.WRONG_LOCATION_TYPE: ProblemType(
        422, "Wrong location type", "Receive into a dock or staging location; put away into storage."
    ),
    Code.OVER_RECEIPT: ProblemType(
        409, "More units than expected", "Put the unit aside. A supervisor resolves the discrepancy."
    ),
    Code.RECEIPT_CLOSED: ProblemType(409, "Receipt is closed", "Open a blind receipt for late arrivals."),
    Code.RECEIPT_CANCELLED: ProblemType(409, "Receipt was cancelled", "Send a new ASN or open a blind receipt."),
    Code.RECEIPT_IN_PROGRESS: ProblemType(
        409, "Receipt is partly received", "Close the receipt when no more items arrive."
    ),
    Code.SESSION_OPEN: ProblemType(409, "A scanning session is open", "Confirm or discard the session first."),
    Code.SESSION_CLOSED: ProblemType(409, "Session is closed", "Start a new session."),
    Code.SESSION_COUNT_MISMATCH: ProblemType(
        409, "Session scan count does not match", "Compare the recorded scans with the items scanned."
    ),
    Code.SESSION_OWNED_BY_OTHER: ProblemType(409, "Session belongs to another user", "Take over the session first."),
    Code.SERIALS_REQUIRED: ProblemType(409, "Serial numbers required", "Scan the serial number of every unit."),
    Code.DISCREPANCY_OPEN: ProblemType(
        409, "Receipt has open discrepancies", "Ask a supervisor to resolve those in `blocked_by` first."
    ),
    Code.DISCREPANCY_RESOLVED: ProblemType(409, "Discrepancy already resolved", "Check its resolution."),
    Code.RESOLUTION_NOT_ALLOWED: ProblemType(
        422, "Resolution not allowed for this discrepancy", "Choose one of `allowed_resolutions`."
    ),
    Code.RESOLUTION_WITHOUT_EFFECT: ProblemType(
        409,
        "Resolution would have no effect",
        "Match to a unit that this receipt expects, or do what `detail` says and resolve it as VOID.",
    ),
    Code.NOT_SHIPPED_TO_CUSTOMER: ProblemType(
        409,
        "Unit was not shipped to this customer on this order",
        "Return it on the order and to the customer it was shipped to; say in the reason who brings it.",
    ),
    Code.NOT_IN_RETURN: ProblemType(409, "Unit is not part of this return", "Check the units of the return."),
    Code.ALREADY_RETURNED: ProblemType(
        409,
        "Unit already returned",
        "Look up the serial number to find its return; a further return needs a new return id.",
    ),
    Code.ALREADY_DISPOSED: ProblemType(409, "Disposition already decided", "Check the return."),
    Code.DISPOSITION_PENDING: ProblemType(
        409,
        "Returned item awaits its disposition",
        "Decide the disposition on its return: restock, scrap or return to vendor.",
    ),
    Code.DOCUMENT_EXISTS: ProblemType(409, "Document already exists", "Use a new id, or amend the existing document."),
    Code.ILLEGAL_TRANSITION: ProblemType(
        409, "Status of the unit does not allow this", "Check the status and history of the unit."
    ),
    Code.DOCUMENT_MISMATCH: ProblemType(
        409, "Unit belongs to another document", "Check the order or receipt of the unit."
    ),
    Code.UNIT_NOT_AVAILABLE: ProblemType(409, "Unit is allocated or picked", "Short-pick, unpick or hold it first."),
    Code.ON_HOLD: ProblemType(409, "Unit or lot is on hold", "Release the hold, or choose other stock."),
    Code.MOVED_SINCE: ProblemType(
        409,
        "Moved after the reported time",
        "Look at the location of the later movement. If it is not there either, report it again with the present time.",
    ),
    Code.UNIT_NOT_IN_STOCK: ProblemType(
        409, "Unit was scrapped, lost, returned to vendor or voided", "Record it as found first if it is on hand."
    ),
    Code.HOLD_EXISTS: ProblemType(409, "Hold already exists", "Use a new id for a new hold."),
    Code.EXPIRED: ProblemType(
        409, "Stock has expired", "Choose stock with a later expiry date, or correct a wrong date."
    ),
    Code.INSUFFICIENT_SHELF_LIFE: ProblemType(
        409, "Remaining shelf life too short for this order", "Choose stock with a later expiry date."
    ),
    Code.SERIAL_TRACKED_PRODUCT: ProblemType(
        422, "Product is serial-tracked", "Use the serials service and list the serial numbers."
    ),
    Code.NOT_LOT_TRACKED: ProblemType(422, "Product is not lot-tracked", "Omit the lot number and dates."),
    Code.SERIAL_NOT_FOUND: ProblemType(
        404,
        "Serial number not found for this product",
        "Check the serial number and the product, or receive the unit first. Serial numbers are case-sensitive.",
    ),
    Code.LOT_NOT_FOUND: ProblemType(
        404,
        "Lot not found for this product",
        "Check the lot number and the product, or receive the lot first. Lot numbers are case-sensitive.",
    ),
    Code.INSUFFICIENT_STOCK: ProblemType(
        409,
        "Insufficient available stock",
        "Reduce the quantity, or release stock allocated to orders. Retry if its receipt was confirmed just now.",
    ),
    Code.COUNT_SUPERSEDED: ProblemType(
        409, "A later count exists", "Nothing was changed. Count the location again if the later count is doubtful."
    ),
    Code.COUNT_TOO_OLD: ProblemType(409, "Count too old", "Nothing was changed. Count the location again."),
    Code.COUNT_IN_FUTURE: ProblemType(
        409,
        "Count later than the server's time",
        "Set the clock of the device, or send its error in clock_error_seconds.",
    ),
    Code.REMAINING_EXCEEDS_STOCK: ProblemType(
        409, "More stock remains than the books allow", "Count the location: the count settles the variance."
    ),
    Code.MIXED_LOTS_NOT_ALLOWED: ProblemType(
        409,
        "Location already holds another lot of this product",
        "Use a location with this lot or an empty one (see `suggested`). Swap the whole quantity of a line.",
    ),
    Code.HOLD_REQUIRES_DATE_CORRECTION: ProblemType(
        409, "Hold is controlled by the expiry", "Correct the dates; the hold is then released automatically."
    ),
    Code.DATES_OUT_OF_ORDER: ProblemType(
        422, "Expiry date precedes the manufacturing date", "Check both dates on the label."
    ),
    Code.ORDER_CANCELLED: ProblemType(409, "Order or line was cancelled", "Unpick the items picked for it."),
    Code.ORDER_CLOSED: ProblemType(
        409, "Nothing is left to ship of the order", "Place a new order; shipped goods return as a customer return."
    ),
    Code.LINE_NOT_FOUND: ProblemType(404, "Order line not found", "Check the line number."),
    Code.DUPLICATE_LINE: ProblemType(422, "Duplicate line number", "Give each line of a document its own number."),
    Code.LINE_PRODUCT_MISMATCH: ProblemType(
        409, "Line belongs to another product", "Use a separate line for each product."
    ),
    Code.QUANTITY_BELOW_LISTED_SERIALS: ProblemType(
        409, "Quantity below the number of listed serials", "List the serial numbers to remove."
    ),
    Code.QUANTITY_PRECISION: ProblemType(
        422, "Quantity has too many decimals", "Use at most the number of decimals of the product's unit of measure."
    ),
    Code.QUANTITY_BELOW_PICKED: ProblemType(
        409, "Quantity below the picked or shipped quantity", "Unpick the difference first."
    ),
    Code.NOT_ON_PICK_LIST: ProblemType(409, "Not on the pick list", "Scan the unit or lot shown on the pick list."),
    Code.NOT_RELEASED: ProblemType(
        409, "Order not released for picking", "The order ships complete; wait until all lines are allocated."
    ),
    Code.NOT_PICKED: ProblemType(409, "Not picked for this order", "Pick it first."),
    Code.LINE_STILL_OPEN: ProblemType(409, "Order line is still open", "Cancel or amend the line first."),
    Code.ALREADY_PICKED: ProblemType(409, "Already picked", "Continue with the next item."),
    Code.NOT_IN_CARTON: ProblemType(409, "Not in this carton", "Check the content of the carton."),
    Code.ALREADY_PACKED: ProblemType(409, "Already packed", "Unpack it first, or move it between cartons."),
    Code.CARTON_BELONGS_TO_OTHER_ORDER: ProblemType(
        409, "Carton belongs to another order", "Use a carton of this order."
    ),
    Code.CARTON_IN_OTHER_SHIPMENT: ProblemType(
        409, "Carton is in another shipment", "Cancel the other shipment first."
    ),
    Code.CARTON_FULL: ProblemType(
        409, "Carton limit reached", "A carton holds at most 500 units or lots. Use another carton."
    ),
    Code.SHIPMENT_CANCELLED: ProblemType(409, "Shipment was cancelled", "Create a new shipment with its cartons."),
    Code.NOT_FULLY_PACKED: ProblemType(409, "Picked items are not packed", "Pack or unpick them first."),
    Code.DISPATCHED: ProblemType(409, "Shipment already dispatched", "Record a customer return."),
    Code.CANCELLED_ITEMS_PRESENT: ProblemType(
        409, "Shipment contains items of a cancelled order", "Unpick them first."
    ),
    Code.NOT_AS_ORDERED: ProblemType(
        409, "Picked item does not match its amended order", "Unpick it; the line is then allocated what it requests."
    ),
    Code.DISPATCH_REJECTED: ProblemType(
        409, "Dispatch check failed", "Unpick the listed items; replacements are allocated automatically."
    ),
    Code.CANCELLED: ProblemType(409, "Dispatch check was cancelled", "See the detail; dispatch the shipment again."),
    Code.CONTENT_CHANGED: ProblemType(
        409, "Content changed during the dispatch check", "Check the cartons and dispatch the shipment again."
    ),
    Code.APPROVAL_EXPIRED: ProblemType(
        409, "Approval of the dispatch check expired", "Dispatch the shipment again; check the clocks if it recurs."
    ),
    Code.RECALL_NOT_FOUND: ProblemType(404, "Recall not found", "List the recalls with GET /recalls."),
    Code.RECALL_NO_MATCH: ProblemType(
        422, "Recall matches no stock", "Check the numbers, or name a lot with its product to hold future receipts."
    ),
    Code.RECALL_TOO_BROAD: ProblemType(
        422, "Recall matches too much stock", "Name its products, or open several recalls."
    ),
    Code.RECALL_OPEN: ProblemType(
        409, "Recall has open items", "Decide the disposition of the listed items and record each customer contact."
    ),
    Code.RECALL_CLOSED: ProblemType(409, "Recall is closed", "Open a new recall under a new id."),
    Code.NOT_ON_CONTACT_LIST: ProblemType(
        404,
        "Not on the contact list",
        "Use the shipment, product and lot or serial listed by GET /recalls/{recall}/contacts.",
    ),
}
