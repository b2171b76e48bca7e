"""What stands between running servers and starting services: topics from the contracts, each database at head."""

import os
import subprocess
import sys
from collections.abc import Mapping

from deploy import topics
from deploy.databases import SERVICES
from deploy.local.files import PROJECT
from deploy.local.stack import run_apart


def prepare(environment: Mapping[str, str], *, partitions: int = topics.PARTITIONS) -> None:
    """Create topics and migrate every service's database, as often as wanted."""
    run_apart(topics.create(environment["KAFKA_BOOTSTRAP_SERVERS"], partitions=partitions))
    migrate(environment)


def migrate(environment: Mapping[str, str]) -> None:
    """Bring every service's database to head, all at once; the first failure raises with its output."""
    migrations = {
        service: subprocess.Popen(
            [sys.executable, "-m", "shared.cli", "migrate", service],
            env=os.environ | environment,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for service in SERVICES
        if (PROJECT / "services" / service / "migrations").is_dir()
    }
    outputs = {service: process.communicate()[0] for service, process in migrations.items()}
    for service, process in migrations.items():
        if process.returncode:
            raise RuntimeError(f"the migration of {service} failed:\n{outputs[service]}")
