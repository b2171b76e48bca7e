"""What stands between running servers and starting services: each database at head, topics from the contracts."""

import os
import subprocess
import sys
from collections.abc import Mapping

from deploy import topics
from deploy.local.children import StartError
from deploy.local.files import PROJECT
from deploy.local.stack import run_apart


def prepare(environment: Mapping[str, str], *, partitions: int = topics.PARTITIONS) -> None:
    """Migrate every service's database and create topics, as often as wanted."""
    migrate(environment)  # first: data of another version is refused before Kafka is changed
    run_apart(topics.create(environment["KAFKA_BOOTSTRAP_SERVERS"], partitions=partitions))


def migrate(environment: Mapping[str, str]) -> None:
    """Bring every service's database to head; a failure raises with what was said."""
    command = [sys.executable, "-m", "shared.cli", "migrate", "all"]
    done = subprocess.run(
        command, env=os.environ | environment, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        raise StartError(f"the migrations failed:\n{done.stdout.decode()}{done.stderr.decode()}")
