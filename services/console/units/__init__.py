"""Serial Number Lookup: search with filters, and one unit with its history (S31–S36, S47)."""
