"""What is the same for every occurrence of a problem: HTTP status, title and what would help."""

from typing import NamedTuple

from shared.contracts.problems.codes import Code


class Kind(NamedTuple):
    """What is the same for every occurrence of a problem."""

    status: int
    title: str
    help: str


KINDS: dict[Code, Kind] = {
    Code.MALFORMED: Kind(400, "The message does not fit its schema", "Correct the named fields and send it again."),
    Code.TOO_LARGE: Kind(413, "The message is larger than 1 MiB", "Send it in parts of at most 500 units."),
    Code.UNKNOWN: Kind(
        404, "There is no such thing", "Check the identifier as scanned, upper and lower case included."
    ),
    Code.NOT_YET_KNOWN: Kind(
        409, "That is not known here yet", "Its news may be on the way: send it again in a second."
    ),
    Code.KEY_REUSED: Kind(422, "This Idempotency-Key came with another body", "Take a new key for a new command."),
    Code.KEY_MISSING: Kind(
        400, "A command needs an Idempotency-Key", "Send a header Idempotency-Key, new for each command."
    ),
    Code.ACTOR_MISSING: Kind(400, "A command needs an actor", "Send a header X-Actor with who does it."),
    Code.UNAVAILABLE: Kind(503, "The database is out of reach", "Send the same command with the same key again later."),
    Code.METHOD_NOT_ALLOWED: Kind(405, "That address does not take this method", "See /docs for what it takes."),
    Code.INTERNAL: Kind(
        500, "We made a mistake", "Nothing was changed; send it again, and report it if it fails again."
    ),
    Code.BOTH_TRACKINGS: Kind(
        422, "A product is tracked by serial or by lot, not both", "Choose the one that suits it."
    ),
    Code.PRODUCT_HAS_HISTORY: Kind(
        409, "The product has stock or history", "Define a new product; the tracking of this one stays as it is."
    ),
    Code.BARCODE_TAKEN: Kind(409, "Another product has this barcode", "Take the barcode off the other product first."),
    Code.UNKNOWN_TIME_ZONE: Kind(422, "There is no such time zone", "Name it as IANA does, Europe/Berlin."),
    Code.UNKNOWN_PRODUCT: Kind(
        404, "No product is defined by that name", "Define the product first, or check the sku."
    ),
    Code.UNKNOWN_RECEIPT: Kind(404, "There is no such receipt", "Announce it or open a blind receipt first."),
    Code.UNKNOWN_LOCATION: Kind(404, "There is no such location", "Define the location first, or check its label."),
    Code.UNKNOWN_WAREHOUSE: Kind(404, "There is no such warehouse", "Define the warehouse first."),
    Code.UNKNOWN_SESSION: Kind(404, "There is no such session on this receipt", "Scan first: a scan opens a session."),
    Code.UNKNOWN_ORDER: Kind(404, "There is no such order", "Check the order number, or place the order first."),
    Code.UNKNOWN_CARTON: Kind(404, "There is no such carton", "Pack a unit into it first."),
    Code.UNKNOWN_SHIPMENT: Kind(404, "There is no such shipment", "Create the shipment first."),
    Code.UNKNOWN_HOLD: Kind(404, "There is no such open hold", "List the unit's holds to find its id."),
    Code.UNKNOWN_DISCREPANCY: Kind(
        404, "There is no such discrepancy on this receipt", "List the receipt's discrepancies."
    ),
    Code.UNKNOWN_RETURN: Kind(404, "There is no such return", "Receive the return first."),
    Code.NOT_SERIAL_TRACKED: Kind(422, "The product is not tracked by serial", "Receive it by quantity."),
    Code.SERIAL_COUNT: Kind(422, "More serials than units", "Name at most as many serials as the line has units."),
    Code.TOO_MANY_UNITS: Kind(422, "More units than a line can announce", "Announce the rest on a line of its own."),
    Code.SERIAL_REPEATED: Kind(422, "The same serial twice", "One serial per unit: scan the label of the other unit."),
    Code.SERIAL_KNOWN: Kind(
        409, "This serial is known already", "A serial is never used again: a supervisor resolves it."
    ),
    Code.SERIAL_EXPECTED_ELSEWHERE: Kind(
        409, "Another receipt expects this serial", "Receive it there, or let a supervisor accept it here."
    ),
    Code.SERIAL_CASE_VARIANT: Kind(
        409,
        "An expected serial differs only in case",
        "Scan the label instead of typing it, or tie it to the expected one.",
    ),
    Code.SERIAL_UNEXPECTED: Kind(
        409, "This receipt does not expect the serial", "Set the unit aside; a supervisor resolves it."
    ),
    Code.SERIAL_BADLY_FORMED: Kind(
        422, "That is no serial", "1 to 64 printable ASCII characters, no blank at either end."
    ),
    Code.SERIAL_NOT_SCANNED: Kind(
        409, "The serial is not among the session's scans", "List the session to see its scans."
    ),
    Code.LOT_BADLY_FORMED: Kind(
        422, "That is no lot number", "1 to 64 printable ASCII characters, no blank at either end."
    ),
    Code.LOT_MISSING: Kind(422, "Lot-tracked goods without their lot", "Scan the lot number on the label."),
    Code.LOT_NOT_TRACKED: Kind(422, "The product is tracked by no lot", "Count it without lot and dates."),
    Code.LOT_REPEATED: Kind(422, "The same lot twice in a message", "Name each lot once, with its whole quantity."),
    Code.LOT_NOT_SCANNED: Kind(409, "The lot is not among the session's scans", "List the session to see its scans."),
    Code.QUANTITY_MISSING: Kind(422, "How much is not said", "Name a quantity, or scan a barcode that means one."),
    Code.DATES_DIFFER: Kind(
        409,
        "The lot has other dates on this receipt",
        "Look at the label; if it does say so, receive it on a receipt of its own.",
    ),
    Code.EXPIRY_MISSING: Kind(422, "Goods without their expiry date", "Enter the expiry date on the label."),
    Code.SHORT_LIFE: Kind(409, "Too little life is left", "Send the goods back, or relax the product's policy."),
    Code.WRONG_PRODUCT: Kind(409, "The serial or barcode belongs to another product", "Check the product on the box."),
    Code.WRONG_WAREHOUSE: Kind(
        422, "That place lies in another warehouse", "Name a place of the document's warehouse."
    ),
    Code.WRONG_LOCATION_TYPE: Kind(
        422, "That place is of the wrong type", "Receive at dock or staging; put away to storage."
    ),
    Code.OVER_RECEIPT: Kind(409, "More units than announced", "Set the unit aside; a supervisor resolves it."),
    Code.RECEIPT_CLOSED: Kind(409, "The receipt is closed", "Open a blind receipt for what came after."),
    Code.RECEIPT_CANCELLED: Kind(409, "The receipt was cancelled", "Announce the goods anew, or open a blind receipt."),
    Code.RECEIPT_ARRIVED: Kind(409, "The receipt has arrived in part", "Close it instead, when nothing more comes."),
    Code.SESSION_OPEN: Kind(409, "A session of scans is open", "Confirm or drop the session first."),
    Code.SESSION_ENDED: Kind(409, "The session has ended", "Start a new session."),
    Code.SESSION_DIFFERS: Kind(
        409, "The session has another number of scans", "Compare the session's scans with what was scanned."
    ),
    Code.SESSION_OF_ANOTHER: Kind(409, "The session is somebody else's", "Take the session over first."),
    Code.SERIALS_MISSING: Kind(
        409, "Units without their serial", "Scan the serial of every unit (it cannot be skipped)."
    ),
    Code.DISCREPANCY_OPEN: Kind(409, "A discrepancy is not resolved", "Let a supervisor resolve it first."),
    Code.DISCREPANCY_RESOLVED: Kind(409, "The discrepancy is resolved already", "Look at its resolution."),
    Code.RESOLUTION_DOES_NOT_FIT: Kind(
        422, "That does not resolve this discrepancy", "Choose one of the fitting resolutions."
    ),
    Code.NOT_SHIPPED_TO_CUSTOMER: Kind(
        409, "The unit was not shipped to this customer on this order", "Look the serial up for its order."
    ),
    Code.NOT_IN_RETURN: Kind(409, "The unit is not in this return", "Look at the return's units."),
    Code.ALREADY_RETURNED: Kind(409, "The unit was returned already", "Look the serial up for its return."),
    Code.ALREADY_DISPOSED: Kind(409, "Its disposition is decided already", "Look at the return."),
    Code.DISPOSITION_OPEN: Kind(
        409, "A returned unit waits for its disposition", "Restock, scrap or send back: decide at its return."
    ),
    Code.DOCUMENT_EXISTS: Kind(409, "That document exists already", "Take a new id, or change the one that exists."),
    Code.ILLEGAL_TRANSITION: Kind(409, "The unit's status does not allow it", "Look at the unit's status and history."),
    Code.DOCUMENT_MISMATCH: Kind(409, "The unit belongs to another document", "Look at the unit's order or receipt."),
    Code.NOT_FREE: Kind(409, "The unit is not free", "Short-pick, unpick or hold it first."),
    Code.HELD: Kind(409, "The unit is on hold", "Lift the hold, or take another unit."),
    Code.ADJUSTED: Kind(
        409, "The unit was scrapped, lost, sent back or void", "Record it as found first, if it is here."
    ),
    Code.HOLD_EXISTS: Kind(409, "A hold of that id exists", "Take a new id for a new hold."),
    Code.EXPIRED: Kind(
        409, "The goods have expired", "Take goods that expire later; correct the date if it was misread."
    ),
    Code.LIFE_TOO_SHORT: Kind(
        409, "The goods expire too soon for this order", "Take goods that expire later, as customer and product demand."
    ),
    Code.NOT_COUNTED: Kind(422, "The product is tracked by serial", "Name its serials, at the registry."),
    Code.NOT_LOT_TRACKED: Kind(422, "The product is not tracked by lot", "Ask for its serials or its quantity alone."),
    Code.UNKNOWN_LOT: Kind(
        404, "The product has no such lot", "Check the lot's label and the product, upper and lower case included."
    ),
    Code.NOT_ENOUGH: Kind(
        409,
        "There is not as much there that is free",
        "Take less, or short-pick or unpick what orders have; if its receipt was only just confirmed, send it again.",
    ),
    Code.LOTS_MIXED: Kind(
        409,
        "Two lots would be where one lot alone may be",
        "Take a place with this lot, or an empty one; exchange all of a line.",
    ),
    Code.DATES_OUT_OF_ORDER: Kind(422, "It cannot expire before it was made", "Check both dates on the label."),
    Code.DATES_DECIDE: Kind(409, "The lot's dates hold it", "Correct the dates: that lifts the hold."),
    Code.ORDER_CANCELLED: Kind(409, "The order or line was cancelled", "Unpick what was picked for it."),
    Code.ORDER_COMPLETE: Kind(409, "The order has been shipped", "Take a customer return."),
    Code.UNKNOWN_LINE: Kind(404, "The order has no such line", "Check the line number."),
    Code.LINE_REPEATED: Kind(422, "The same line twice", "Give every line of a document its own number."),
    Code.LINE_OF_ANOTHER: Kind(409, "That line is of another product", "Give each product a line of its own."),
    Code.BELOW_NAMED: Kind(409, "The line has fewer unnamed units than that", "Name the units to take out."),
    Code.NOT_WHOLE: Kind(
        422,
        "A smaller part than the product is counted in",
        "Name as many decimals as its definition allows; serialised products come in whole units.",
    ),
    Code.BELOW_PICKED: Kind(409, "More has been picked or shipped than that", "Unpick first."),
    Code.NOT_ALLOCATED_HERE: Kind(
        409, "That is not on this pick list", "Scan the unit or lot that the pick list shows."
    ),
    Code.NOT_RELEASED: Kind(
        409, "The order is not released to picking", "It ships complete: wait until every line is full."
    ),
    Code.NOT_PICKED: Kind(409, "That is not picked for this order", "Pick it first."),
    Code.STILL_WANTED: Kind(
        409, "The order still wants it", "Cancel the line first, or unpick with `again` and amend the line to less."
    ),
    Code.ALREADY_PICKED: Kind(409, "That is picked already", "Go on with the next."),
    Code.NOT_IN_CARTON: Kind(409, "That is not in the carton", "Look at the carton's content."),
    Code.ALREADY_PACKED: Kind(409, "That is in a carton already", "Unpack it first, or move it."),
    Code.CARTON_OF_ANOTHER_ORDER: Kind(409, "The carton is of another order", "Take a carton of this order."),
    Code.CARTON_SHIPPED: Kind(409, "The carton is in another shipment", "Cancel that shipment first."),
    Code.CARTON_FULL: Kind(409, "A carton holds at most 500 units or lots", "Take another carton."),
    Code.SHIPMENT_CANCELLED: Kind(409, "The shipment was cancelled", "Create a new shipment of its cartons."),
    Code.NOT_FULLY_PACKED: Kind(409, "Picked goods are not packed", "Pack or unpick them first."),
    Code.DISPATCHED: Kind(409, "The shipment has left", "Take a customer return."),
    Code.UNWANTED_UNITS: Kind(409, "Goods of a cancelled order or line are in the way", "Unpick them first."),
    Code.DISPATCH_REFUSED: Kind(
        409, "The owner of the stock refuses the dispatch", "Unpick the named units; others are sought."
    ),
    Code.UNKNOWN_RECALL: Kind(404, "There is no such recall", "List the recalls at GET /recalls."),
    Code.RECALL_EMPTY: Kind(
        422, "The recall touches nothing", "Check the numbers; name a lot with its product to hold what arrives later."
    ),
    Code.RECALL_TOO_WIDE: Kind(422, "The recall touches too much", "Name its products, or open several recalls."),
    Code.RECALL_OPEN: Kind(
        409, "Something of the recall is still open", "Dispose of what is named, and mark each line of the call list."
    ),
    Code.RECALL_CLOSED: Kind(409, "The recall is closed", "Open another one under a new name."),
    Code.NOT_ON_CALL_LIST: Kind(
        404, "The call list has no such line", "Name shipment, product and lot or serial as GET /recalls/…/calls does."
    ),
}
