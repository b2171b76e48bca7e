"""Fulfillment against a real database: its map, its handlers, its tables."""
