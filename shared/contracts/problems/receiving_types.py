"""Problem types of products, locations, receipts and customer returns."""

from shared.contracts.problems.codes import Code
from shared.contracts.problems.problem_type import ProblemType

RECEIVING_PROBLEMS: dict[Code, ProblemType] = {
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
    Code.INVALID_SERIAL_FORMAT: ProblemType(
        422, "Serial format makes no sense", "Correct the rule that `detail` names; a pattern has RE2 syntax."
    ),
    Code.WRONG_CHECK_DIGIT: ProblemType(
        422, "Not a GTIN", "Compare the digits with the label; leave `type` out for a code that is no GTIN."
    ),
    Code.INVALID_WARRANTY: ProblemType(
        422,
        "Warranty needs serial numbers",
        "Make the product serial-tracked, or send null to remove the warranty: its term is fixed for each unit.",
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
    Code.CARTON_NOT_FOUND: ProblemType(
        404, "Carton not found", "Pack an item into it first; on arrival, scan the units and lots of the carton."
    ),
    Code.SHIPMENT_NOT_FOUND: ProblemType(404, "Shipment not found", "Create the shipment first."),
    Code.HOLD_NOT_FOUND: ProblemType(404, "Open hold not found", "List the holds of the unit or lot to find its id."),
    Code.DISCREPANCY_NOT_FOUND: ProblemType(
        404, "Discrepancy not found on this receipt", "List the discrepancies of the receipt."
    ),
    Code.RETURN_NOT_FOUND: ProblemType(404, "Return not found", "Receive the return first."),
    Code.SUPPLIER_NOT_FOUND: ProblemType(
        404, "Supplier has no settings", "Check the spelling, or set how its goods are received."
    ),
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
        "Serial number differs from a known one only in case or look-alike characters",
        "Scan the label instead of typing it, or match it to the expected serial number.",
    ),
    Code.SERIAL_UNEXPECTED: ProblemType(
        409, "Serial number not expected on this receipt", "Put the unit aside. A supervisor resolves the discrepancy."
    ),
    Code.INVALID_SERIAL: ProblemType(
        422, "Invalid serial number", "Use 1–64 printable ASCII characters without leading or trailing spaces."
    ),
    Code.NOT_A_SERIAL: ProblemType(
        422,
        "Scan is not a serial number",
        "Scan the serial number itself, one per value; give ranges in `ranges`. A product whose serial numbers look"
        " like this needs a serial_format that they match.",
    ),
    Code.SERIAL_FORMAT_MISMATCH: ProblemType(
        422,
        "Serial number does not match the format of its product",
        "Scan the label again. If the serial number is right, correct the serial_format of the product.",
    ),
    Code.SERIAL_NOT_SCANNED: ProblemType(
        409, "Serial number not scanned in this session", "Check the scans of the session."
    ),
    Code.INVALID_LOT: ProblemType(
        422, "Invalid lot number", "Use 1–64 printable ASCII characters without leading or trailing spaces."
    ),
    Code.NOT_A_LOT: ProblemType(422, "Scan is not a lot number", "Scan the lot number itself."),
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
    Code.INVALID_SSCC: ProblemType(
        422, "Not an SSCC", "Compare the 18 digits with the label; the last one is a check digit."
    ),
    Code.DUPLICATE_CARTON: ProblemType(422, "Carton listed twice", "List each SSCC once with its whole content."),
    Code.CARTON_NESTING: ProblemType(
        422, "Pallet inside a pallet, or carton on two", "A carton stands on one pallet, and a pallet on none."
    ),
    Code.CARTON_EXCEEDS_LINE: ProblemType(
        422, "Cartons contain more than their line", "Correct the quantity of the line or of its cartons."
    ),
    Code.CARTON_NOT_SCANNED: ProblemType(
        409, "Nothing was scanned by this SSCC in the session", "Check the scans of the session."
    ),
    Code.CARTON_ON_OTHER_RECEIPT: ProblemType(
        409, "Carton is announced on another receipt", "Scan it on the receipt in `blocked_by`."
    ),
    Code.CARTON_CONTENT_UNKNOWN: ProblemType(
        409, "Content of the carton is not announced", "Scan the units and lots in it one by one."
    ),
    Code.CARTON_RECEIPT_NOT_ALLOWED: ProblemType(
        409,
        "Carton is not received as a whole",
        "Scan the units and lots in it one by one. To trust the content, set `receive_by_carton` of the product or the"
        " supplier.",
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
}
