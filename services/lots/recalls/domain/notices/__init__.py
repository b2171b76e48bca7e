"""Criteria of recall notices: ranges of numbers, periods of dates, and products."""
