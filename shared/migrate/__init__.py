"""Migrations of every service's database, run by its owner role; what the line itself needs there."""

from shared.migrate.run import UnknownRevisionError, at_head, migrate, services, versions_of
from shared.migrate.tables import (
    grant,
    line_tables,
    location_replica,
    product_replica,
    rezoned,
    scripts,
    sql,
)

__all__ = [
    "UnknownRevisionError",
    "at_head",
    "grant",
    "line_tables",
    "location_replica",
    "migrate",
    "product_replica",
    "rezoned",
    "scripts",
    "services",
    "sql",
    "versions_of",
]
