"""Shipping: cartons, shipments and dispatch checks."""
