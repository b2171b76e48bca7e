"""How much of each lot lies where: receipts, putaway, moves, counts, holds, dates; and the ledger that proves it."""
