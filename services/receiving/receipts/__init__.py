"""Receipts: what was announced, what was scanned against it, what came, and where the two differ."""
