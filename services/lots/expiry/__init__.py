"""Expiry of lots: alerts before the expiry date, holds after it (S28, S29)."""
