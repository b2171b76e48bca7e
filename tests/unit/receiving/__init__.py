"""Receiving's rules."""
