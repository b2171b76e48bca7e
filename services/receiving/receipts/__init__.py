"""Receipts: expected lines, scanning sessions, received items and discrepancies."""
