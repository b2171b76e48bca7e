"""Problem types of orders, picks, cartons and shipments."""

from shared.contracts.problems.codes import Code
from shared.contracts.problems.problem_type import ProblemType

ORDER_PROBLEMS: dict[Code, ProblemType] = {
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
}
