"""The rules of lots."""
