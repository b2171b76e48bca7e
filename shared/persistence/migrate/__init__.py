"""Database migrations of all services, run by the owner role, and the tables shared by all services."""

from shared.persistence.migrate.run import find_schema_state, migrate, service_names, versions_folder
from shared.persistence.migrate.schema_state import BreakingRevisionError, SchemaState, UnknownRevisionError
from shared.persistence.migrate.tables import (
    barcode_index,
    dispatch_approvals,
    grant,
    import_senders,
    import_tables,
    location_activity,
    location_tables,
    lot_key_column,
    message_digests,
    messaging_tables,
    product_table,
    replayable_rejections,
    run_sql,
    scripts,
)

__all__ = [
    "BreakingRevisionError",
    "SchemaState",
    "UnknownRevisionError",
    "barcode_index",
    "dispatch_approvals",
    "find_schema_state",
    "grant",
    "import_senders",
    "import_tables",
    "location_activity",
    "location_tables",
    "lot_key_column",
    "message_digests",
    "messaging_tables",
    "migrate",
    "product_table",
    "replayable_rejections",
    "run_sql",
    "scripts",
    "service_names",
    "versions_folder",
]
