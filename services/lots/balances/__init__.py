"""Balances of lots by location: receipts, putaways, moves, counts, holds, dates and the stock ledger."""
