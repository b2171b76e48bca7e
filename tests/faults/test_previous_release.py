"""The previous release on the schema of this version, as during a rolling upgrade or after a rollback of the code."""

import asyncio
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from deploy import prepare
from deploy.databases import SERVICES
from deploy.local.files import PROJECT, STACK
from deploy.local.stack import Stack, selected_kind
from shared.persistence.database import create_engine
from shared.persistence.migrate.schema_state import (
    BreakingRevisionError,
    CodeRevisions,
    SchemaState,
    read_schema_state,
)

RELEASE_FILE = PROJECT / "deploy" / "previous_release.txt"
"""The commit of the previous release; a release replaces it by its own commit."""
TESTS = ("lifecycle", "shipping", "returns", "lot_orders", "lot_returns", "lot_recall", "lookup")
"""End-to-end tests of the previous release that use each of its services and most of its tables."""
TEST_TIMEOUT = 600
"""Seconds for these tests, which take about 90 seconds."""


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, check=False)


@pytest.fixture(scope="module")
def previous_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Extract the sources of the previous release from the history of the repository."""
    commit = RELEASE_FILE.read_text().strip()
    if not (PROJECT / ".git").exists() or not shutil.which("git"):
        pytest.skip(f"no git history of {PROJECT}, which would have the previous release {commit}")
    archive = _git("archive", commit)
    if archive.returncode and _git("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        pytest.skip(f"the shallow git history lacks the previous release {commit}; run `git fetch --unshallow`")
    assert not archive.returncode, archive.stderr.decode()
    folder = tmp_path_factory.mktemp("previous")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as sources:
        sources.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def migrated_stack() -> Iterator[Stack]:
    """Start servers of their own and migrate the databases with this version."""
    if selected_kind() == "external":
        pytest.skip("the previous release needs servers of its own")
    STACK.mkdir(exist_ok=True)
    with Stack(Path(tempfile.mkdtemp(prefix="faults-", dir=STACK)), keep_data=False) as running:
        prepare.migrate(running.env)
        yield running


def _read_revisions(release: Path, service: str) -> CodeRevisions:
    """Read the revisions of a release without importing its modules."""
    files = (release / "services" / service / "migrations" / "versions").glob("*.py")
    source = "\n".join(file.read_text() for file in files)
    known = set(re.findall(r'^revision = "(\w+)"', source, re.MULTILINE))
    return CodeRevisions(known, known - set(re.findall(r'^down_revision = "(\w+)"', source, re.MULTILINE)))


async def _read_state(environment: Mapping[str, str], service: str, release: CodeRevisions) -> SchemaState:
    """Read how the schema relates to the previous release; raises if the release cannot use it."""
    engine = create_engine(environment[f"{service.upper()}_MIGRATION_DATABASE_URL"], "test", 1)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(read_schema_state, release)
    finally:
        await engine.dispose()


async def test_previous_release_works_on_the_schema_of_this_version(
    previous_release: Path, migrated_stack: Stack
) -> None:
    """The end-to-end tests of the previous release pass on databases migrated by this version."""
    for service in SERVICES:
        try:
            state = await _read_state(migrated_stack.env, service, _read_revisions(previous_release, service))
        except BreakingRevisionError as error:
            pytest.skip(f"declared by breaks_before: {error}")
        assert state in {SchemaState.LATEST, SchemaState.NEWER}
    tests = [f"tests/e2e/test_{name}.py" for name in TESTS]
    command = [sys.executable, "-m", "pytest", "-qx", "--part=previous", *tests]
    result = await asyncio.to_thread(
        subprocess.run, command, cwd=previous_release, timeout=TEST_TIMEOUT, capture_output=True, check=False,
        env={**os.environ, **migrated_stack.env, "TRACELOT_STACK": "external"},
    )  # fmt: skip
    output = result.stdout.decode(errors="replace")
    print("\n".join(output.splitlines()[-5:]))  # noqa: T201 - shown in the output
    assert result.returncode == 0, output[-20_000:]
