"""HTTP paths of resources, for results and violations that refer to them."""

from shared.identifiers import resource_path


def order_path(order_id: str) -> str:
    """Path of an order."""
    return resource_path("orders", order_id)


def unit_path(sku: str, serial: str) -> str:
    """Path of a serial number in the serials service."""
    return resource_path("serials", sku, serial)


def lot_path(sku: str, lot: str) -> str:
    """Path of a lot in the lots service; the lot of an untracked product is empty."""
    return resource_path("lots", sku, lot)


def carton_path(carton: str) -> str:
    """Path of a carton."""
    return resource_path("cartons", carton)


def shipment_path(shipment: str) -> str:
    """Path of a shipment."""
    return resource_path("shipments", shipment)


def dispatch_check_path(check_id: str) -> str:
    """Path of a dispatch check."""
    return resource_path("dispatch-checks", check_id)


def swap_path(demand_id: str) -> str:
    """Path of a swap."""
    return resource_path("swaps", demand_id)
