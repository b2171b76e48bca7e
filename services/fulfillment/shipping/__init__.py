"""Shipping: cartons, shipments, the dispatch check and what leaves."""
