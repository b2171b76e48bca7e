"""Builders of the events about products, warehouses and locations."""

from typing import Any

from shared.contracts.reference import LocationChanged, LocationType, ProductChanged, Tracking, WarehouseChanged


def product_changed(sku: str, tracking: Tracking, version: int = 1, **overrides: Any) -> ProductChanged:
    """Build a version of a product, by default counted in pieces and without shelf-life policy."""
    fields = {"name": "Product", "unit": "each"} | overrides
    return ProductChanged(sku=sku, tracking=tracking, version=version, **fields)


def warehouse_changed(warehouse: str, time_zone: str = "Europe/Berlin", version: int = 1) -> WarehouseChanged:
    """Build a version of a warehouse."""
    return WarehouseChanged(warehouse=warehouse, version=version, name=warehouse.title(), time_zone=time_zone)


def location_changed(
    location: str, location_type: LocationType = "STORAGE", pick_sequence: int = 1, version: int = 1, **overrides: Any
) -> LocationChanged:
    """Build a version of a location, by default a storage location."""
    return LocationChanged(
        location=location, version=version, type=location_type, pick_sequence=pick_sequence, **overrides
    )
