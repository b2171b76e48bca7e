"""Warehouses and their dock, staging and storage locations."""
