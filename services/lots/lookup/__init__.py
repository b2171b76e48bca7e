"""Lot lookup: search, details, reports and traceability (S29, S42-S44, S46)."""
