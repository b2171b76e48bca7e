"""What may arrive and what did: products, places, receipts, scans, discrepancies, customer returns."""
