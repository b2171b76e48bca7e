"""Where documents are found over HTTP, for refusals and answers that point at them."""

from urllib.parse import quote


def _at(kind: str, *names: str) -> str:
    return "/".join((f"/{kind}", *(quote(name, safe="") for name in names)))


def order_at(order: str) -> str:
    """An order of ours."""
    return _at("orders", order)


def unit_at(sku: str, serial: str) -> str:
    """A unit, at the registry."""
    return _at("serials", sku, serial)


def carton_at(carton: str) -> str:
    """A carton of ours."""
    return _at("cartons", carton)


def shipment_at(shipment: str) -> str:
    """A shipment of ours."""
    return _at("shipments", shipment)


def dispatch_at(check: str) -> str:
    """A dispatch and its outcome."""
    return _at("dispatches", check)


def exchange_at(demand: str) -> str:
    """An exchange and its outcome."""
    return _at("exchanges", demand)
