"""Labels that contradict the books: their items are rejected, with what to take instead (S16, S28)."""

from collections.abc import Collection, Iterable
from datetime import date
from itertools import groupby
from operator import attrgetter

from services.fulfillment.orders.domain.items import AllocatedItem
from services.fulfillment.orders.domain.records import Order
from services.fulfillment.orders.domain.scans import ItemsT, fill_items, item_key
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.raw_scans import ReadScan
from shared.inventory.scan_problems import group_problems, label_mismatch, scan_problem

SCAN_KEY = attrgetter("scan_key")


def check_labels(uow: FulfillmentUnitOfWork, order: Order, command: ItemsT) -> tuple[ItemsT, list[ProblemDetail]]:
    """Return a command without the scans whose label contradicts the books, and the problems of all its scans."""
    if any(read.expiry for read in command.read_scans):
        today = uow.local_dates.get(order.warehouse, uow.now.date())
        items = {key: list(same) for key, same in groupby(sorted(order.items, key=SCAN_KEY), SCAN_KEY)}
        reads = [_checked(order, read, items.get(item_key(read), ()), today) for read in command.read_scans]
        uow.event.data.set_read_scans(reads)
        command = fill_items(command, reads, command.alternatives)
    return command, group_problems(command.read_scans)


def _checked(order: Order, read: ReadScan, items: Collection[AllocatedItem], today: date) -> ReadScan:
    """Return a scan, with a problem if its label contradicts what the books say of its item."""
    if read.problem is not None or read.expiry is None:
        return read
    problem = next((problem for item in items if (problem := _contradiction(read, item, today))), None)
    if problem is None or not any(item.status == "ALLOCATED" for item in items):
        return read._replace(problem=problem)
    return read._replace(
        problem=problem.model_copy(update={"suggested": suggest(order, read.sku or "", without=items)})
    )


def _contradiction(read: ReadScan, item: AllocatedItem, today: date) -> ProblemDetail | None:
    """Return how a label contradicts the books; a date that these lack counts once it has passed."""
    if item.expiry or read.expiry is None or read.expiry >= today:
        return label_mismatch(read, lot=None, expiry=item.expiry)
    reason = f"it expired on {read.expiry} by its label, of which the books know nothing; correct its expiry date"
    return scan_problem(Code.LABEL_MISMATCH, read, reason)


def suggest(order: Order, sku: str, *, without: Iterable[AllocatedItem] = ()) -> list[str]:
    """Return serial numbers or lots of a product that may be picked instead, as far as they are loaded."""
    others = {item.scan_key for item in without}
    return list(
        dict.fromkeys(
            item.identifier
            for item in order.items
            if (item.sku, item.status, item.on_hold) == (sku, "ALLOCATED", False) and item.scan_key not in others
        )
    )
