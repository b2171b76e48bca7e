"""Read-only SQL for lookups and reports of units."""
