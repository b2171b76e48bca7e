"""Receiving: what is due, one receipt with its scan station, review and confirmation."""
