"""The answers to a dispatch check. Only a complete set under the current id, in time, becomes DISPATCHED."""

from services.fulfillment.orders.domain import Act, Order, Unit
from services.fulfillment.orders.domain.find import grouped
from services.fulfillment.shipping.domain.dispatch import packed
from services.fulfillment.shipping.domain.yard import Check, Reason, Shipment, Yard
from shared.contracts.envelope import chunks
from shared.contracts.fulfillment import DispatchDone
from shared.contracts.problems import Code
from shared.contracts.serials import DispatchApproved, DispatchRefused


def approve(act: Act, yard: Yard, data: DispatchApproved) -> None:
    """Units may leave; with the last of them the shipment leaves. An answer to a check that is over is too late."""
    check = _check(act, yard, data)
    if check is None or check.status != "CHECKING":
        return
    shipment = yard.shipments.get(check.shipment)
    assert shipment is not None  # noqa: S101 - a check is written with its shipment
    if changed := _changed(act, check):
        yard.end(check, "ENDED", Reason("ended", f"what {', '.join(changed)} holds has changed since it was asked"))
        return
    content = yard.content(shipment)
    inside = {unit.key for units in content.values() for unit in units}
    strange = [serial for serial in data.serials if (data.sku, serial) not in inside]
    if strange or check.approved + len(data.serials) > check.asked:
        detail = f"dispatch {check.check} did not ask about all of these"
        act.disagree(Code.DOCUMENT_MISMATCH, detail, data.order, data.sku, strange or data.serials)
        return
    check.approved += len(data.serials)
    check.until = min(check.until or data.until, data.until)
    yard.checks.put(check.check, check)
    if check.approved == check.asked:
        _decide(act, yard, shipment, check, content)


def refuse(act: Act, yard: Yard, data: DispatchRefused) -> None:
    """Units may not leave: the check has failed; what its other answers say is kept with it."""
    check = _check(act, yard, data)
    if check is None or check.status not in ("CHECKING", "REFUSED"):
        return
    reasons = [Reason(unit.code, unit.detail, data.sku, unit.serial) for unit in data.units]
    yard.end(check, "REFUSED", *reasons)
    act.log(data.order, "dispatch refused", shipment=check.shipment, dispatch=check.check,
            reasons=[reason._asdict() for reason in reasons])  # fmt: skip


def _check(act: Act, yard: Yard, data: DispatchApproved | DispatchRefused) -> Check | None:
    check = yard.checks.get(data.check)
    if check is None or data.order not in check.orders or data.shipment != check.shipment:
        detail = f"no dispatch {data.check} of shipment {data.shipment} was asked for order {data.order}"
        act.disagree(Code.DOCUMENT_MISMATCH, detail, data.order, data.sku, [data.check])
        return None
    if not set(check.orders) <= {data.order, *data.orders}:
        detail = f"the answer does not name all orders of shipment {data.shipment}"
        act.disagree(Code.DOCUMENT_MISMATCH, detail, data.order, data.sku, list(check.orders))
        return None
    return check


def _changed(act: Act, check: Check) -> list[str]:
    asked = zip(check.orders, check.packing, strict=True)
    return [name for name, packing in asked if (order := act.book.orders.get(name)) and order.packing != packing]


def _decide(act: Act, yard: Yard, shipment: Shipment, check: Check, content: dict[str, list[Unit]]) -> None:
    """The set is complete: it leaves, unless it came too late or our own copy of the holds says no."""
    held = [unit for units in content.values() for unit in units if unit.held]
    if check.until is None or yard.now > check.until:
        yard.end(check, "ENDED", Reason("too_late", f"the approval was good until {check.until}"))
    elif held:
        yard.end(
            check, "REFUSED", *(Reason(Code.HELD, "it is on hold", unit.sku, unit.serial) for unit in held)
        )  # fmt: skip
    else:
        _leave(act, yard, shipment, content)
        yard.end(check, "DISPATCHED")


def _leave(act: Act, yard: Yard, shipment: Shipment, content: dict[str, list[Unit]]) -> None:
    shipment.status, shipment.dispatched_at = "DISPATCHED", yard.now
    yard.shipments.put(shipment.shipment, shipment)
    for name, units in content.items():
        order = act.book.orders.get(name)
        assert order is not None  # noqa: S101 - content is made of the book's orders
        _ship(act, order, units, shipment)
        for run in chunks(units):
            act.say(
                DispatchDone(
                    order=name, orders=list(shipment.orders), shipment=shipment.shipment, check=shipment.check or "",
                    customer=order.customer.id, carrier=shipment.carrier, tracking_number=shipment.tracking_number,
                    units=packed(run), actor=act.actor, cause=act.cause,
                )
            )  # fmt: skip
        act.log(name, "dispatched", shipment=shipment.shipment, serials=[unit.serial for unit in units])


def _ship(act: Act, order: Order, units: list[Unit], shipment: Shipment) -> None:
    for group, some in grouped(units).items():
        line = order.lines[group.line]
        line.picked -= len(some)
        line.packed -= len(some)
        line.shipped += len(some)
        act.touch(line)
    for unit in units:
        unit.status, unit.shipment = "SHIPPED", shipment.shipment
        act.book.units.put(unit.key, unit)
