"""Database migrations of all services, run by the owner role, and the tables shared by all services."""

from shared.persistence.migrate.run import UnknownRevisionError, is_at_head, migrate, service_names, versions_folder
from shared.persistence.migrate.tables import (
    grant,
    location_tables,
    messaging_tables,
    product_table,
    run_sql,
    scripts,
)

__all__ = [
    "UnknownRevisionError",
    "grant",
    "is_at_head",
    "location_tables",
    "messaging_tables",
    "migrate",
    "product_table",
    "run_sql",
    "scripts",
    "service_names",
    "versions_folder",
]
