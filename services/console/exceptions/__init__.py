"""Exceptions: discrepancies that wait for a decision."""
