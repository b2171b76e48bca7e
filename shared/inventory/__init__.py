"""Inventory rules and reference data shared by the services: precision, shelf life, FEFO, products, locations."""
