"""Where documents are found over HTTP, for refusals and answers that point at them."""

from shared.identifiers import address_of


def order_at(order: str) -> str:
    """An order of ours."""
    return address_of("orders", order)


def unit_at(sku: str, serial: str) -> str:
    """A unit, at the registry."""
    return address_of("serials", sku, serial)


def stock_at(sku: str, lot: str) -> str:
    """A lot of a product, at lots; an untracked product's has no name."""
    return address_of("lots", sku, lot)


def carton_at(carton: str) -> str:
    """A carton of ours."""
    return address_of("cartons", carton)


def shipment_at(shipment: str) -> str:
    """A shipment of ours."""
    return address_of("shipments", shipment)


def dispatch_at(check: str) -> str:
    """A dispatch and its outcome."""
    return address_of("dispatch-checks", check)


def exchange_at(demand: str) -> str:
    """An exchange and its outcome."""
    return address_of("swaps", demand)
