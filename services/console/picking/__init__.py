"""Picking: orders with something to pick, and the walk through one of them."""
