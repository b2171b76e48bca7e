"""Receiving service: products, locations, receipts, scans, discrepancies and customer returns."""
