"""The rules of a service on in-memory tables, and an oracle of the allocation."""
