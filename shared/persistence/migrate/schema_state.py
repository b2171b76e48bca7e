"""State of a database schema for this version of Tracelot: latest, older, newer or unusable.

Migrations only expand the schema, so a version can use newer schemas. A revision that breaks older versions says so by
a module attribute: `breaks_before = "0012_lots"` excludes all versions that do not know the revision 0012_lots. As an
older version does not have the file of a newer revision, `migrate` records each one in the table `schema_revision`.
"""

from collections.abc import Mapping, Set
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Self

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

CREATE_TABLE = text("""
    CREATE TABLE IF NOT EXISTS schema_revision (
        revision text PRIMARY KEY,
        breaks_before text,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
""")
INSERT_REVISION = text("""
    INSERT INTO schema_revision AS recorded (revision, breaks_before) VALUES (:revision, :breaks_before)
    ON CONFLICT (revision) DO UPDATE SET breaks_before = coalesce(excluded.breaks_before, recorded.breaks_before)
""")
SELECT_TABLE = text("SELECT to_regclass('schema_revision') IS NOT NULL")
SELECT_REVISIONS = text("SELECT revision, breaks_before FROM schema_revision")


class UnknownRevisionError(Exception):
    """The database has a schema revision that this version of Tracelot does not know and cannot use."""


class BreakingRevisionError(UnknownRevisionError):
    """A newer revision excludes this version of Tracelot."""


class SchemaState(StrEnum):
    """State of a schema that this version can use, or can migrate."""

    LATEST = "latest"
    OLDER = "older"
    NEWER = "newer"


class CodeRevisions(NamedTuple):
    """Revisions known to a version of the code."""

    known: Set[str]
    heads: Set[str]

    @classmethod
    def from_scripts(cls, scripts: ScriptDirectory) -> Self:
        """Read the revisions of loaded migrations."""
        return cls({script.revision for script in scripts.walk_revisions()}, set(scripts.get_heads()))


def read_schema_state(connection: Connection, code: CodeRevisions) -> SchemaState:
    """Compare the revision of a database with those of the code; raises UnknownRevisionError if it is unusable."""
    current = set(MigrationContext.configure(connection).get_current_heads())
    recorded: dict[str, str | None] = {}
    if connection.execute(SELECT_TABLE).scalar_one():
        recorded = {row.revision: row.breaks_before for row in connection.execute(SELECT_REVISIONS)}
    return _compare(current, recorded, code, connection.engine.url.database)


def _compare(
    current: Set[str], recorded: Mapping[str, str | None], code: CodeRevisions, database: str | None
) -> SchemaState:
    if current == code.heads:
        return SchemaState.LATEST
    if current <= code.known:
        return SchemaState.OLDER
    if not current | code.heads <= recorded.keys():
        unknown = ", ".join(sorted(current - code.known))
        raise UnknownRevisionError(
            f"The database {database} has schema revision {unknown}, which is unknown to this version of Tracelot: "
            "another version, older or newer, created it. Use that version or start with an empty database. For the "
            "local stack, run `make clean`: it deletes the data kept in .stack."
        )
    if required := {revision for revision in recorded.values() if revision is not None} - code.known:
        raise BreakingRevisionError(
            f"The schema of the database {database} is newer and breaks this version of Tracelot, which does not know "
            f"the revision {', '.join(sorted(required))}. Use a version that knows it."
        )
    return SchemaState.NEWER


def record_revisions(connection: Connection, scripts: ScriptDirectory, login: str | None) -> None:
    """Record all revisions of a migrated database with the versions that they exclude."""
    connection.execute(CREATE_TABLE)
    known = CodeRevisions.from_scripts(scripts).known
    for script in scripts.walk_revisions():
        breaks_before = getattr(script.module, "breaks_before", None)
        if breaks_before is not None and breaks_before not in known:
            raise ValueError(f"{Path(script.path).name}: breaks_before names the unknown revision {breaks_before}")
        connection.execute(INSERT_REVISION, {"revision": script.revision, "breaks_before": breaks_before})
    connection.exec_driver_sql(f'GRANT SELECT ON schema_revision TO "{login}"')
