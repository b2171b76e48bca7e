"""Persistence: database engine, transactions, locks, records, search, migrations."""
