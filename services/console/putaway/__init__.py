"""Putaway: what waits at the docks, and one group of it with its scan station."""
