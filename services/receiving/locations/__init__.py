"""Warehouses and the places in them: where goods are received, staged and stored."""
