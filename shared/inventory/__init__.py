"""Inventory rules and reference data shared by the services: precision, expiry, FEFO, products, locations."""
