"""Problem types of units, lots, holds, counts and recalls."""

from shared.contracts.problems.codes import Code
from shared.contracts.problems.problem_type import ProblemType

STOCK_PROBLEMS: dict[Code, ProblemType] = {
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
        "Check the lot number and the product, or receive the lot first. Case and doubled blanks do not matter.",
    ),
    Code.SAME_LOT: ProblemType(
        422,
        "Both numbers are the same lot",
        "Nothing has to be corrected: lot numbers are compared without case and doubled blanks.",
    ),
    Code.LOT_AMBIGUOUS: ProblemType(
        409, "Several lots differ only in case or blanks", "Enter the lot number exactly as listed in `suggested`."
    ),
    Code.AMBIGUOUS_SCAN: ProblemType(
        409, "Scan may mean several things", "Say which kind is expected, or name the product or the receipt."
    ),
    Code.UNREADABLE_SCAN: ProblemType(
        422, "Scan is no valid label or number", "Do what `detail` says, or enter what the label says by hand."
    ),
    Code.UNKNOWN_SCAN: ProblemType(
        404, "Scan names nothing known", "Name the product in `sku`, or scan the code that names it."
    ),
    Code.LABEL_MISMATCH: ProblemType(
        409, "Label contradicts the books", "Check the unit; correct its lot or expiry if the label is right."
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
    Code.SALE_IN_FUTURE: ProblemType(422, "Sale later than today", "Correct the day of the sale."),
    Code.MANUFACTURED_IN_FUTURE: ProblemType(
        422, "Manufacturing date later than today", "Read the label again; day, month or year may be mixed up."
    ),
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
    Code.RECALL_NOT_FOUND: ProblemType(404, "Recall not found", "List the recalls with GET /recalls."),
    Code.RECALL_NO_MATCH: ProblemType(
        422, "Recall matches no stock", "Check the numbers, or name a lot with its product to hold future receipts."
    ),
    Code.RECALL_NEEDS_PRODUCTS: ProblemType(
        422, "Recall names no product", "List the affected products in `skus`; a dry run shows the recognised names."
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
        "Use the customer, order, shipment, product and lot or serial listed by GET /recalls/{recall}/contacts.",
    ),
}
