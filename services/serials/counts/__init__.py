"""Counts of locations: scanned units compared with the registry, and the discrepancies for a supervisor."""
